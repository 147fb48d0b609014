import assert from 'node:assert/strict';
import { test } from 'node:test';

import { API, SITE, STRICT, openPage, preflight, sent, until } from './dom.mjs';

const document = openPage('');
const React = (await import('react')).default;
const { createRoot } = (await import('react-dom/client')).default;
const { FormspreeProvider, ValidationError, useForm } = (await import('@formspree/react')).default;
const { createElement: h } = React;

/** Return the control of a field: boxes for a list of ticked values, a select if there are `options`. */
function control(name, value) {
  if (Array.isArray(value)) {
    const box = { type: 'checkbox', name, defaultChecked: true };
    return h('fieldset', { key: name }, ...value.map((ticked) => h('input', { ...box, key: ticked, value: ticked })));
  }
  if (!value.options) return h('input', { key: name, name, defaultValue: value });
  const options = value.options.map((option) => h('option', { key: option }, option));
  return h('select', { key: name, name, defaultValue: value.chosen }, ...options);
}

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
        control(name, value),
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
  assert.deepEqual((await submit('mqkrvodz', answers())).shown, { form: "Ce formulaire n’existe pas." });
});

test('a caller over the cap is told when to come back', async () => {
  await submit('newsletter', answers({ email: `${Math.random()}@example.org` }), { endpoint: STRICT });
  const { shown } = await submit('newsletter', answers({ email: `${Math.random()}@example.org` }), { endpoint: STRICT });
  assert.match(shown.form, /Trop d’envois en peu de temps/);
});

test('what it sends passes a preflight', async () => {
  await submit('contact', answers());
  const { origin, refused, asked } = await preflight(sent.at(-1));
  assert.deepEqual({ refused, asked }, { refused: [], asked: ['formspree-client', 'formspree-session-data'] });
  assert.equal(origin, SITE);
});

const quote = (more = {}) => ({
  name: 'Camille',
  email: 'react@example.org',
  phone: '+33 1 99 00 00 00',
  site: 'https://example.org/',
  needs: ['site', 'texts'],
  pages: '1,5',
  budget: { options: ['', 'small', 'large'], chosen: 'large' },
  date: '31/12/2026',
  message: `Bonjour, voici mon projet ${Math.random()}`,
  call: ['yes'],
  ...more,
});

test("a form of the site's own succeeds, lists and boxes included", async () => {
  const { thanked, shown, result } = await submit('devis', quote());
  assert.ok(thanked, JSON.stringify(shown));
  assert.ok(result.next.startsWith(`${API}/thanks?form=devis&`), result.next);
});

test("each error in a form of the site's own is shown at its field", async () => {
  const { thanked, shown } = await submit(
    'devis',
    quote({
      name: '',
      email: 'camille',
      phone: 'demain',
      site: 'ici',
      needs: [],
      pages: 'beaucoup',
      budget: { options: ['', 'small'], chosen: '' },
      date: '31/02/2026',
      message: 'Bonjour',
      call: [],
    }),
  );
  assert.ok(!thanked);
  assert.deepEqual(Object.keys(shown), Object.keys(quote()).filter((name) => name !== 'call'));
  assert.match(shown.needs, /Ce qu’il vous faut/);
  assert.match(shown.budget, /Budget/);
  assert.match(shown.date, /date/);
});

test("a choice that a form of the site's own does not offer is an error of its list and of its boxes", async () => {
  const { shown } = await submit('devis', quote({ needs: ['site', 'rien'], budget: { options: ['rien'], chosen: 'rien' } }));
  assert.deepEqual(Object.keys(shown), ['needs', 'budget']);
});

test("a field that a form of the site's own does not have is an error", async () => {
  assert.deepEqual(Object.keys((await submit('devis', quote({ nom: 'Camille' }))).shown), ['nom']);
});
