import assert from 'node:assert/strict';
import { test } from 'node:test';

import { API, SITE, STRICT, openPage, preflight, sent, until } from './dom.mjs';

const document = openPage('');
const { initForm } = (await import('@formspree/ajax')).default;

/** Put a form in the page as Formspree's documentation writes it, fill it in and submit it. */
async function submit(form, fields, origin = API) {
  document.body.innerHTML = `<form>
    <input name="email" data-fs-field><span data-fs-error="email"></span>
    <textarea name="message" data-fs-field></textarea><span data-fs-error="message"></span>
    <div data-fs-error></div><div data-fs-success></div>
    <button type="submit" data-fs-submit-btn>Send</button>
  </form>`;
  const element = document.querySelector('form');
  const outcome = {};
  initForm({
    formElement: element,
    formId: form,
    origin,
    onSuccess: (_, result) => (outcome.next = result.next),
    onError: (_, error) => (outcome.error = error),
    onFailure: (_, failure) => (outcome.failure = failure),
  });
  for (const [name, value] of Object.entries(fields)) element.elements[name].value = value;
  element.dispatchEvent(new window.Event('submit', { cancelable: true }));
  assert.ok(element.querySelector('button').disabled);
  await until(() => !element.querySelector('button').disabled);
  const shown = [...element.querySelectorAll('[data-fs-active]')];
  return {
    ...outcome,
    shown: Object.fromEntries(shown.map((place) => [place.dataset.fsError ?? 'success', place.textContent])),
    invalid: [...element.querySelectorAll('[aria-invalid=true]')].map(({ name }) => name),
  };
}

for (const form of ['contact', 'newsletter']) {
  test(`${form} succeeds`, async () => {
    const { next, shown } = await submit(form, { email: 'ajax@example.org', message: `Bonjour ${Math.random()}` });
    assert.ok(next.startsWith(`${API}/thanks?form=${form}&`), next);
    assert.deepEqual(Object.keys(shown), ['success']);
  });
}

test('each error is shown at its field', async () => {
  const { shown, invalid } = await submit('contact', { email: 'camille', message: '' });
  assert.deepEqual(Object.keys(shown), ['email', 'message']);
  assert.match(shown.email, /nom@exemple\.fr/);
  assert.deepEqual(invalid, ['email', 'message']);
});

test('an error of the whole form is shown as one', async () => {
  const { shown, error } = await submit('mqkrvodz', { email: 'ajax@example.org', message: 'Bonjour' });
  assert.deepEqual(shown, { '': 'Ce formulaire n’existe pas.' });
  assert.equal(error.getFormErrors()[0].code, 'FORM_NOT_FOUND');
});

test('a caller over the cap is told when to come back', async () => {
  const fields = () => ({ email: `${Math.random()}@example.org`, message: 'Bonjour' });
  await submit('contact', fields(), STRICT);
  const { shown } = await submit('contact', fields(), STRICT);
  assert.match(shown[''], /Trop d’envois en peu de temps/);
});

test('what it sends passes a preflight', async () => {
  await submit('contact', { email: 'ajax@example.org', message: 'Bonjour' });
  const { origin, refused, asked } = await preflight(sent.at(-1));
  assert.deepEqual({ refused, asked }, { refused: [], asked: ['formspree-client', 'formspree-session-data'] });
  assert.equal(origin, SITE);
});
