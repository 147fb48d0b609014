import assert from 'node:assert/strict';
import { test } from 'node:test';

import formspree from '@formspree/core';

import { API, SITE, STRICT, preflight, sent } from './dom.mjs';

const { createClient, isSubmissionError } = formspree;
const client = createClient();
const send = (form, data, endpoint = API) => client.submitForm(form, data, { endpoint });
const answers = (more = {}) => ({ email: 'camille@example.org', message: `Bonjour ${Math.random()}`, ...more });

function formData(fields) {
  const data = new FormData();
  for (const [name, value] of Object.entries(fields)) data.append(name, value);
  return data;
}

// Before the caps are reached.
const wholes = [
  ['EMPTY', 'contact', {}],
  ['FORM_NOT_FOUND', 'mqkrvodz', answers()],
  ['NO_FILE_UPLOADS', 'contact', formData({ ...answers(), cv: new File(['x'], 'cv.pdf') })],
  ['BLOCKED', 'contact', answers({ altcha: 'x' })],
];
for (const [code, form, data] of wholes) {
  test(`${code} is an error of the whole form`, async () => {
    const result = await send(form, data, code === 'BLOCKED' ? STRICT : API);
    assert.deepEqual(result.getAllFieldErrors(), []);
    assert.deepEqual(result.getFormErrors().map((error) => error.code), [code]);
    assert.ok(result.getFormErrors()[0].message.length > 10);
  });
}

for (const form of ['contact', 'newsletter']) {
  for (const [kind, make] of [['an object', answers], ['FormData', () => formData(answers())]]) {
    test(`${kind} sent to ${form} succeeds and says what comes next`, async () => {
      const result = await send(form, make());
      assert.equal(result.kind, 'success');
      assert.ok(result.next.startsWith(`${API}/thanks?form=${form}&`), result.next);
    });
  }

  test(`an address that is none is an error of its field in ${form}`, async () => {
    const result = await send(form, answers({ email: 'camille' }));
    assert.ok(isSubmissionError(result));
    assert.deepEqual(result.getFormErrors(), []);
    assert.deepEqual(result.getFieldErrors('email').map(({ code }) => code), ['TYPE_EMAIL']);
    assert.match(result.getFieldErrors('email')[0].message, /email/);
  });

  test(`a caller over the cap of ${form} is told so`, async () => {
    assert.equal((await send(form, answers({ email: `${form}@example.org` }), STRICT)).kind, 'success');
    const result = await send(form, answers({ email: `${form}.2@example.org` }), STRICT);
    assert.deepEqual(result.getAllFieldErrors(), []);
    assert.match(result.getFormErrors()[0].message, /Trop d’envois en peu de temps/);
  });
}

test('next is where the form asked to go', async () => {
  const result = await send('contact', answers({ _next: '/merci.html' }));
  assert.equal(result.next, `${SITE}/merci.html`);
});

test('each wrong field has the code that the client knows', async () => {
  const result = await send('contact', { email: '', name: { first: 'Camille' } });
  const codes = Object.fromEntries(result.getAllFieldErrors().map(([field, errors]) => [field, errors[0].code]));
  assert.deepEqual(codes, { email: 'REQUIRED_FIELD_EMPTY', message: 'REQUIRED_FIELD_MISSING', name: 'TYPE_TEXT' });
});

test('what it sends passes a preflight', async () => {
  await send('contact', answers());
  const { origin, refused, asked } = await preflight(sent.at(-1));
  assert.deepEqual(refused, []);
  assert.ok(asked.includes('formspree-client') && asked.includes('content-type'));
  assert.equal(origin, SITE);
});
