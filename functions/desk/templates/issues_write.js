(() => {
  const form = document.getElementById("write");
  let kind = "html", shown = document.querySelector("iframe"), next, timer;
  form.onsubmit = ({ submitter: button }) => {
    if (button.formTarget != "preview") return;
    kind = button.value.slice(3);
    next?.remove();
    const frame = next = shown.cloneNode();
    shown.name = "";
    frame.name = "preview";
    frame.hidden = true;
    shown.after(frame);
    frame.onload = () => {
      const from = shown.contentDocument, to = frame.contentDocument;
      if (to?.URL == "about:blank") return;
      frame.hidden = false;
      if (from && to) to.defaultView.scrollTo(0, from.defaultView.scrollY);
      shown.remove();
      shown = frame;
      next = null;
    };
  };
  form.oninput = ({ target }) => {
    clearTimeout(timer);
    const of = target.closest("fieldset");
    if (of) timer = setTimeout(() => form.requestSubmit(of.querySelector(`[value$=${kind}]`)), 400);
  };
  document.getElementById("live").hidden = false;
})();
