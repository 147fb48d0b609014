// Shows the comments of every <section data-guichet-comments>. infra/docs/comments.md says more.

const FRENCH = [
  'Chargement des commentaires…',
  'Aucun commentaire pour l’instant.',
  'commentaire',
  'Afficher la suite',
  'Les derniers commentaires ne peuvent pas être chargés.',
  'Réessayer',
  'Répondre',
  'à',
  'Annuler',
  'Ce commentaire a été supprimé.',
];
const ENGLISH = [
  'Loading comments…',
  'No comments yet.',
  'comment',
  'Show more',
  'The latest comments cannot be loaded.',
  'Try again',
  'Reply',
  'to',
  'Cancel',
  'This comment was deleted.',
];
const ID = 'comment-';
const PLAIN = { amp: '&', lt: '<', gt: '>', quot: '"', nbsp: '\xa0' };

export function comments(section) {
  const french = /^fr\b/i.test(section.closest('[lang]')?.lang || navigator.language);
  const [loading, none, noun, more, failed, again, reply, to, cancel, gone] = french ? FRENCH : ENGLISH;
  const locale = french ? 'fr' : 'en-GB';
  const form = section.querySelector('form');
  const { guichetComments, page = form?.elements.page?.value || location.pathname } = section.dataset;
  const url = (guichetComments || form.getAttribute('action')).replace(/(\/f)?\/comments\/?$/, '/comments');
  const status = make('p', { className: 'guichet-thread', role: 'status' });
  let list = section.querySelector('.guichet-comments');
  // What the build left, and no answer has confirmed yet.
  const left = [...(list?.children || [])];
  let count;
  let parent = '';

  if (list) list.after(status);
  else if (form) form.before(status);
  else section.append(status);

  const say = (sentence, label, onclick) =>
    status.replaceChildren(sentence, ...(label ? [' ', make('button', { type: 'button', onclick }, label)] : []));

  const load = async (after = '', pressed) => {
    say(list && !pressed ? '' : loading);
    let fresh = [];
    try {
      const query = new URLSearchParams(after ? { page, after } : { page });
      const part = await (await fetch(`${url}?${query}`, { signal: AbortSignal.timeout(2e4) })).json();
      fresh = show(part);
      const { next } = part;
      count ??= part.count;
      const further = () => load(next, 1);
      const sentence = count ? `${count.toLocaleString(locale)} ${noun}${count > 1 ? 's' : ''}` : none;
      say(sentence, next && more, further);
      if (next && isAwaited()) load(next);
    } catch {
      say(failed, again, () => load(after, 1));
    }
    if (pressed) {
      const first = fresh[0] || status;
      first.tabIndex = -1;
      first.focus();
    }
  };

  // Whether the page's address is that of a comment that is not there yet.
  const isAwaited = () => location.hash.startsWith('#' + ID) && !document.getElementById(location.hash.slice(1));

  const show = ({ comments, next }) => {
    const fresh = [];
    const awaited = isAwaited();
    const target = document.querySelector(':target');
    const { activeElement } = document;
    if (!list && comments.length) status.before((list = make('ol', { className: 'guichet-comments' })));
    for (const thread of comments) {
      let li = thread.before && document.getElementById(ID + thread.id);
      const replies = thread.replies.map(item);
      if (li) fresh.push(...replies);
      else {
        fresh.push((li = item(thread)));
        const place = left.findIndex(({ id }) => id === li.id);
        left.splice(0, place + 1).forEach((old) => old.remove());
        list.insertBefore(li, left[0] || null);
      }
      if (replies[0]) (li.querySelector(':scope > ol') || li.appendChild(make('ol'))).append(...replies);
    }
    if (!next) left.splice(0).forEach((old) => old.remove());
    if (list && !list.firstChild) list = list.remove();
    if (!activeElement.isConnected) [...section.querySelectorAll('a')].find(({ href }) => href === activeElement.href)?.focus();
    // As what is there when a page opens.
    if (target ? !target.isConnected : awaited && !isAwaited()) location.replace(location.href);
    return fresh;
  };

  const item = ({ id, name, time, html, deleted }) => {
    if (deleted) return make('li', { id: ID + id, className: 'guichet-deleted' }, make('p', {}, gone));
    const day = new Date(time).toLocaleDateString(locale, { dateStyle: 'long' });
    const article = make(
      'article',
      {},
      make(
        'header',
        {},
        make('span', { className: 'guichet-initials', ariaHidden: true }, initials(name)),
        ' ',
        make('b', { className: 'guichet-name' }, name),
        ' ',
        make('a', { href: '#' + ID + id }, make('time', { dateTime: time }, day))
      ),
      textOf(html)
    );
    if (form) {
      const whom = `${reply} ${to} ${name}`;
      const button = make('button', { type: 'button', className: 'guichet-reply', ariaLabel: whom }, reply);
      button.onclick = () => answer(id, whom, article, button);
      article.append(button);
    }
    return make('li', { id: ID + id }, article);
  };

  // Keeps the form's place while it is at a comment.
  const home = document.createComment('');
  const replying = make('p', { className: 'guichet-replying' });

  const answer = (id, whom, article, button) => {
    const onclick = () => {
      parent = '';
      form.ariaLabel = null;
      replying.remove();
      home.replaceWith(form);
      button.focus();
    };
    if (!parent) form.before(home);
    parent = id;
    form.ariaLabel = whom;
    replying.replaceChildren(make('b', {}, whom), ' ', make('button', { type: 'button', onclick }, cancel));
    form.prepend(replying);
    article.after(form);
    ([...form.elements].find(({ required, value }) => required && !value) || form.elements.comment).focus();
  };

  form?.addEventListener('formdata', ({ formData }) => {
    formData.set('page', page);
    formData.set('parent', parent);
  });
  load();
}

// The API's HTML is safe. This takes of any other, too, only what a comment may have.
function textOf(html) {
  const plain = (text) => text.replace(/&(amp|lt|gt|quot|nbsp);/g, (_, name) => PLAIN[name]);
  const root = make('div', { className: 'guichet-text' });
  let at = root;
  const parts = /<(\/?)(p|br|em|strong|code|pre|blockquote|[uo]l|li|a)((?: [a-z]+="[^"]*")*)>|<?[^<]*/g;
  for (const [all, end, name, attributes] of html.matchAll(parts)) {
    if (!name) at.append(plain(all));
    else if (end) at = at === root ? at : at.parentNode;
    else {
      const element = make(name);
      const [, href, start] = / (?:href="([^"]*)"|start="(\d+)")/.exec(attributes) || [];
      if (start) element.start = start;
      if (href) Object.assign(element, { href: plain(href), rel: 'nofollow ugc noopener' });
      if (!/^(https?|mailto):/.test(element.protocol)) element.removeAttribute('href');
      at.append(element);
      if (name !== 'br') at = element;
    }
  }
  return root;
}

const initials = (name) => {
  const letters = name.split(/\s+/).flatMap((word) => word.match(/[\p{L}\p{N}]/u) || []);
  return letters.filter((_, index) => !index || !letters[index + 1]).join('').toUpperCase();
};

const make = (name, properties, ...children) => {
  const element = Object.assign(document.createElement(name), properties);
  element.append(...children);
  return element;
};

document.querySelectorAll('[data-guichet-comments]').forEach(comments);
