// Shows the comments of every <section data-guichet-comments>. infra/docs/comments.md says more.

const fr = [
  'fr',
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
const en = [
  'en-GB',
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
const PLAIN = { amp: '&', lt: '<', gt: '>', quot: '"', nbsp: '\xa0' };

export function comments(section) {
  const language = section.closest('[lang]')?.lang || navigator.language;
  const [locale, loading, none, noun, more, failed, again, reply, to, cancel, gone] =
    { fr }[language.split('-')[0].toLowerCase()] || en;
  const form = section.querySelector('form');
  const { guichetComments, page = form?.elements.page?.value || location.pathname } = section.dataset;
  const url = (guichetComments || form.getAttribute('action')).replace(/(\/f)?\/comments\/?$/, '/comments');
  const status = make('p', { className: 'guichet-thread', role: 'status' });
  let list = section.querySelector('.guichet-comments');
  let count;
  const ariaLabel = form?.ariaLabel;
  let parent = '';

  if (list) list.after(status);
  else if (form) form.before(status);
  else section.append(status);

  const say = (sentence, label, onclick) =>
    status.replaceChildren(sentence, ' ', label ? make('button', { type: 'button', onclick }, label) : '');

  const load = async (after = '', pressed) => {
    say(list && !pressed ? '' : loading);
    let fresh = [];
    try {
      const query = new URLSearchParams(after ? { page, after } : { page });
      const part = await (await fetch(`${url}?${query}`, { signal: AbortSignal.timeout(2e4) })).json();
      const awaited = isAwaited();
      if (!list && part.comments[0]) status.before((list = make('ol', { className: 'guichet-comments' })));
      if (list) fresh = put(list, part.comments, !part.next, []);
      // Makes it the target.
      if (awaited && !isAwaited()) location.replace(location.href);
      count ??= part.count;
      const told = count ? `${count.toLocaleString(locale)} ${noun}${count > 1 ? 's' : ''}` : none;
      say(told, part.next && more, () => load(part.next, 1));
      if (part.next && isAwaited()) load(part.next);
    } catch {
      say(failed, again, () => load(after, 1));
    }
    if (pressed) Object.assign(fresh[0] || status, { tabIndex: -1 }).focus();
  };

  // Whether the page's URL points to a comment that is not loaded yet.
  const isAwaited = () => /^#comment-/.test(location.hash) && !document.getElementById(location.hash.slice(1));

  // Puts comments in their places. Exported comments stay as long as they are current.
  const put = (list, comments, isAll, fresh) => {
    list.left ??= [...list.children];
    comments.forEach((comment, index) => {
      const id = 'comment-' + comment.id;
      const passed = list.left.splice(0, list.left.findIndex((old) => old.id === id) + 1);
      const known = comment.before ? document.getElementById(id) : passed.at(-1);
      const stays = known && (comment.before || !known.className === !comment.deleted);
      const li = stays ? known : list.insertBefore(make('li', { id }), list.left[0] || null);
      if (!stays) {
        fresh.push(li);
        if (comment.deleted) li.className = 'guichet-deleted';
        li.append(comment.deleted ? make('p', 0, gone) : articleOf(comment, id));
      }
      passed.forEach((old) => old !== li && old.remove());
      if (form && !comment.before && !comment.deleted) offer(li.firstElementChild, comment);
      const replies = comment.replies || [];
      const below = li.querySelector(':scope > ol') || (replies[0] && li.appendChild(make('ol')));
      if (below) put(below, replies, isAll || comments[index + 1], fresh);
    });
    if (isAll) list.left.splice(0).forEach((old) => old.remove());
    if (!list.children[0]) list.remove();
    return fresh;
  };

  const articleOf = ({ name, time, html }, id) =>
    make(
      'article',
      0,
      make(
        'header',
        0,
        make('span', { className: 'guichet-initials', ariaHidden: true }, initials(name)),
        ' ',
        make('b', { className: 'guichet-name' }, name),
        ' ',
        make(
          'a',
          { href: '#' + id },
          make('time', { dateTime: time }, new Date(time).toLocaleDateString(locale, { dateStyle: 'long' }))
        )
      ),
      textOf(html)
    );

  const offer = (article, { id, name }) => {
    const whom = `${reply} ${to} ${name}`;
    const onclick = () => answer(id, whom, article);
    article.append(make('button', { type: 'button', className: 'guichet-reply', ariaLabel: whom, onclick }, reply));
  };

  // Marks the form's place while it is below a comment.
  const home = document.createComment('');
  const replying = make('p', { className: 'guichet-replying' });

  const answer = (id, whom, article) => {
    const onclick = () => {
      parent = '';
      form.ariaLabel = ariaLabel;
      replying.remove();
      home.replaceWith(form);
      article.lastChild.focus();
    };
    // The previous thank-you.
    form.querySelector('.guichet-status[role=status]')?.replaceChildren();
    if (!parent) form.before(home);
    parent = id;
    form.ariaLabel = whom;
    replying.replaceChildren(make('b', 0, whom), ' ', make('button', { type: 'button', onclick }, cancel));
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

// Keeps only the HTML that a comment may have.
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
      if (!/^https?:/.test(element.protocol)) element.removeAttribute('href');
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
