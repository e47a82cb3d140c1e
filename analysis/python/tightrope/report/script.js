// Charts under scripts: the static picture is replaced when the interactive one is there, one chart
// after another so that the page stays responsive. A chart that fails keeps its picture.
(() => {
  const options = {
    actions: { export: true, source: false, compiled: false, editor: false }, renderer: "svg",
  };
  const draw = async (figure) => {
    const spec = figure.querySelector("script[type='application/json']");
    const still = figure.querySelector(".still");
    const live = document.createElement("div");
    live.className = "live";
    live.hidden = true;
    still.after(live);
    try {
      await window.tightropeEmbed(live, JSON.parse(spec.textContent), options);
      live.hidden = false;
      still.hidden = true;
    } catch (error) {
      live.remove();
    }
  };
  const figures = [...document.querySelectorAll("figure.chart")];
  const next = () => {
    const figure = figures.shift();
    if (figure) draw(figure).then(() => setTimeout(next));
  };
  setTimeout(next);
})();
