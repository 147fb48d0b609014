import assert from 'node:assert/strict';
import { test } from 'node:test';

import { API, SITE, STRICT, openPage, preflight, sent, until } from './dom.mjs';

const document = openPage('');
const React = (await import('react')).default;
const { createRoot } = (await import('react-dom/client')).default;
const { FormspreeProvider, ValidationError, useForm } = (await import('@formspree/react')).default;
const { createElement: h } = React;

/** Render a form as Formspree's documentation writes it, submit it, and return what it shows. */
async function submit(form, fields, { endpoint = API, data } = {}) {
  let state;
  function Form() {
    let handleSubmit;
    [state, handleSubmit] = useForm(form, { endpoint, data });
    if (state.succeeded) return h('p', null, 'Thanks for joining!');
    return h(
      'form',
      { onSubmit: handleSubmit },
      ...Object.entries(fields).flatMap(([name, value]) => [
        h('input', { key: name, name, defaultValue: value }),
        h(ValidationError, { key: `${name}-error`, id: name, field: name, errors: state.errors }),
      ]),
      h(ValidationError, { id: 'form', errors: state.errors }),
      h('button', { disabled: state.submitting }, 'Send'),
    );
  }
  const place = document.createElement('div');
  document.body.replaceChildren(place);
  const root = createRoot(place);
  root.render(h(FormspreeProvider, null, h(Form)));
  await until(() => place.querySelector('form'));
  place.querySelector('form').requestSubmit();
  await until(() => state.errors || state.succeeded);
  const shown = Object.fromEntries([...place.querySelectorAll('[id]')].map(({ id, textContent }) => [id, textContent]));
  const thanked = place.textContent.includes('Thanks for joining!');
  root.unmount();
  return { thanked, shown, result: state.result };
}

const answers = (more = {}) => ({ email: 'react@example.org', message: `Bonjour ${Math.random()}`, ...more });

for (const form of ['contact', 'newsletter']) {
  test(`${form} succeeds`, async () => {
    const { thanked, result } = await submit(form, answers());
    assert.ok(thanked);
    assert.ok(result.next.startsWith(`${API}/thanks?form=${form}&`), result.next);
  });
}

test('extra data goes with it', async () => {
  const { shown } = await submit('contact', answers(), { data: { email: 'camille' } });
  assert.match(shown.email, /nom@exemple\.fr/);
});

test('each error is shown at its field', async () => {
  const { thanked, shown } = await submit('contact', answers({ email: 'camille', message: '' }));
  assert.ok(!thanked);
  assert.deepEqual(Object.keys(shown), ['email', 'message']);
  assert.match(shown.email, /nom@exemple\.fr/);
});

test('an error of the whole form is shown as one', async () => {
  assert.deepEqual((await submit('mqkrvodz', answers())).shown, { form: "Ce formulaire n'existe pas." });
});

test('a caller over the cap is told when to come back', async () => {
  await submit('newsletter', answers({ email: `${Math.random()}@example.org` }), { endpoint: STRICT });
  const { shown } = await submit('newsletter', answers({ email: `${Math.random()}@example.org` }), { endpoint: STRICT });
  assert.match(shown.form, /Trop d'envois en peu de temps/);
});

test('what it sends passes a preflight', async () => {
  await submit('contact', answers());
  const { origin, refused, asked } = await preflight(sent.at(-1));
  assert.deepEqual({ refused, asked }, { refused: [], asked: ['formspree-client', 'formspree-session-data'] });
  assert.equal(origin, SITE);
});
