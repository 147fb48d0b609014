// Improves every <form data-guichet> of a page. infra/docs/pasting.md says more.

const fr = [
  'Envoi en cours…',
  'Le serveur ne répond pas. Rien n’est perdu.',
  'Réessayer',
  'Le formulaire ne peut pas être envoyé d’ici.',
  `Guichet refuse les envois de ${location.origin}\xa0: ajoutez cette origine à AllowedOrigins.`,
  'Ce champ est obligatoire.',
  'Ce champ est incorrect.',
];
const en = [
  'Sending…',
  'The server does not answer. Nothing is lost.',
  'Try again',
  'The form cannot be sent from here.',
  `Guichet refuses posts from ${location.origin}: add it to AllowedOrigins.`,
  'This field is required.',
  'This field is not valid.',
];
const STYLE = `
:where(.guichet-status) { color: var(--guichet-success) }
:where(.guichet-error, [role=alert].guichet-status) { color: var(--guichet-error) }`;

export function enhance(form) {
  const url = form.getAttribute('action');
  const language = form.querySelector('[name=_language]')?.value || form.closest('[lang]')?.lang || navigator.language;
  const [sending, failed, tryAgain, refused, hint, required, invalid] =
    { fr }[language.split('-')[0].toLowerCase()] || en;
  const status = form.querySelector('[data-guichet-status]') || form.appendChild(document.createElement('p'));
  let id = Math.random();
  const proofs = {};

  const say = (sentence, role = 'status') => {
    status.setAttribute('role', role);
    status.textContent = sentence;
  };
  const fire = (name, detail) =>
    form.dispatchEvent(new CustomEvent('guichet:' + name, { bubbles: 1, cancelable: 1, detail }));
  const prove = (to) => (proofs[to] ||= proofOfWork(to));

  status.classList.add('guichet-status');
  say('');
  form.noValidate = true;
  form.addEventListener('focusin', () => prove(url), { once: true });
  form.addEventListener('input', ({ target }) => point(target.name, ''));
  form.addEventListener('submit', async (event) => {
    const { submitter } = event;
    if (/get|dialog/.test(submitter?.formMethod)) return;
    event.preventDefault();
    const faults = [...form.elements].flatMap(({ name: field, validity: is, validationMessage }) => {
      const message = is.customError ? validationMessage : is.valueMissing ? required : is.badInput && invalid;
      return message ? [{ field, message }] : [];
    });
    if (!submitter?.formNoValidate && show(faults)) return;
    const data = new FormData(form, submitter);
    data.set('_id', id);
    data.set('_language', language);
    if (!fire('send', data)) return;

    say(sending);
    const focused = document.activeElement;
    const buttons = [...form.elements].filter(({ type, disabled }) => type === 'submit' && !disabled);
    buttons.forEach((button) => (button.disabled = true));
    const to = submitter?.getAttribute('formaction') || url;
    let problem = failed;
    const [code, reply = {}] = await send(to, data).catch(async ({ name }) => {
      const reached = (mode) => ask(to, { mode }).catch(() => 0);
      if (name === 'TypeError' && !(await reached()) && (await reached('no-cors'))) {
        console.error(hint);
        problem = /localhost$|^127|^\[/.test(location.hostname) ? hint : refused;
      }
      return [];
    });
    buttons.forEach((button) => (button.disabled = false));
    if (document.activeElement === document.body) focused.focus();

    say('');
    if (reply.ok) {
      id = Math.random();
      HTMLFormElement.prototype.reset.call(form);
      if (fire('success', reply)) say(form.dataset.guichetSuccess || reply.message);
    } else if (fire('error', reply)) {
      show(reply.errors || [{ message: problem }]);
      if (!reply.errors || code === 429 || code > 499) {
        const button = document.createElement('button');
        button.type = 'button';
        button.textContent = tryAgain;
        button.onclick = () => form.requestSubmit(submitter);
        status.append(' ', button);
      }
    }
  });

  async function send(to, data, again) {
    data.set('altcha', await prove(to));
    proofs[to] = 0;
    const response = await ask(to, {
      method: 'POST',
      body: data,
      headers: { Accept: 'application/json' },
      referrerPolicy: 'no-referrer-when-downgrade',
    });
    const reply = await response.json();
    return !again && reply.errors?.[0].code === 'BLOCKED' ? send(to, data, 1) : [response.status, reply];
  }

  function show(problems) {
    form.querySelectorAll('[aria-invalid=true]').forEach(({ name }) => point(name, ''));
    const rest = problems.filter(({ field, message }) => !point(field, message));
    say(rest.map(({ message }) => message).join(' '), 'alert');
    form.querySelector('[aria-invalid=true]')?.focus();
    return problems.length;
  }

  function point(name, message) {
    const field = [...form.elements].find((element) => name && element.name === name && element.type !== 'hidden');
    if (!field) return;
    const id = (field.id ||= Math.random()) + '-error';
    let place = document.getElementById(id);
    if (!place) {
      if (!message) return;
      place = document.createElement('div');
      place.className = 'guichet-error';
      place.id = id;
      (field.closest('label') || field).after(place);
      field.setAttribute('aria-describedby', (field.getAttribute('aria-describedby') || '') + ' ' + id);
    }
    place.textContent = message;
    field.setAttribute('aria-invalid', !!message);
    return true;
  }
}

const ask = (url, options) => fetch(url, { ...options, signal: AbortSignal.timeout(2e4) });

const proofOfWork = (url) =>
  ask(url.replace(/(\/f)?((\/newsletter|\/comments)|\/[^/]*)$/, '$3/challenge'))
    .then((response) => response.json())
    .then(solveApart)
    .catch(() => '');

const solveApart = (challenge) =>
  new Promise((resolve, reject) => {
    const worker = new Worker(import.meta.url, { type: 'module' });
    worker.onerror = reject;
    worker.onmessage = ({ data }) => resolve(data, worker.terminate());
    worker.postMessage(challenge);
  }).catch(() => solve(challenge));

async function solve({ parameters, signature }) {
  const [name, hash] = parameters.algorithm.split('/');
  const derivation = { name, hash, salt: bytesOf(parameters.salt), iterations: parameters.cost };
  const password = bytesOf(parameters.nonce + '00000000');
  for (let counter = 0; ; counter++) {
    new DataView(password.buffer).setUint32(password.length - 4, counter);
    const key = await crypto.subtle.importKey('raw', password, name, false, ['deriveBits']);
    const bits = await crypto.subtle.deriveBits(derivation, key, parameters.keyLength * 8);
    const derivedKey = Array.from(new Uint8Array(bits), (byte) => byte.toString(16).padStart(2, 0)).join('');
    if (derivedKey.startsWith(parameters.keyPrefix))
      return btoa(JSON.stringify({ challenge: { parameters, signature }, solution: { counter, derivedKey } }));
  }
}

const bytesOf = (hex) => Uint8Array.from(hex.match(/../g), (pair) => '0x' + pair);

if (self.document) {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(STYLE);
  document.adoptedStyleSheets.push(sheet);
  document.querySelectorAll('form[data-guichet]').forEach(enhance);
} else onmessage = async ({ data }) => postMessage(await solve(data).catch(() => ''));
