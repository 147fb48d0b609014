{
  const form = document.getElementById("write");
  let kind = "html", shown = document.querySelector("iframe"), made = 0, next, timer;
  const follow = (typed) => {
    const button = typed?.closest("fieldset")?.querySelector(`[value$=${kind}]`);
    if (button) form.requestSubmit(button);
  };
  form.onsubmit = ({ submitter: button }) => {
    if (button.name != "show") return;
    kind = button.value.slice(3);
    next?.remove();
    const box = next = shown.cloneNode();
    button.formTarget = box.name = `preview${++made}`;
    box.hidden = true;
    shown.after(box);
    box.onload = () => {
      const from = shown.contentDocument, to = box.contentDocument;
      if (to?.URL == "about:blank") return;
      box.hidden = false;
      if (from && to && box.offsetHeight) to.defaultView.scrollTo(0, from.defaultView.scrollY);
      shown.remove();
      shown = box;
      next = null;
    };
  };
  form.oninput = ({ target }) => {
    clearTimeout(timer);
    timer = setTimeout(follow, 400, target);
  };
  follow([...form.querySelectorAll("textarea")].find((text) => text.value));
  document.getElementById("live").hidden = false;
}
