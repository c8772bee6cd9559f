// Brings the page's figures to life. Runs in the reader's browser; without it the static drawings stay as they are.
(() => {
  const TO_DARK = __TO_DARK__;
  const dark = matchMedia("(prefers-color-scheme: dark)");

  /** The figure's description in the colours of the reader's scheme. */
  const themed = (text) =>
    JSON.parse(
      dark.matches ? text.replace(/"(#[0-9a-f]{6})"/g, (_, colour) => `"${TO_DARK[colour] ?? colour}"`) : text,
    );

  const button = (label, name, action) => {
    const element = document.createElement("button");
    element.type = "button";
    element.textContent = label;
    element.setAttribute("aria-label", name);
    element.addEventListener("click", action);
    return element;
  };

  /** Zooming without a mouse. */
  function controls(chart, initial) {
    const bar = document.createElement("div");
    bar.className = "controls";
    const zoom = (start, end) =>
      chart.dispatchAction({ type: "dataZoom", dataZoomIndex: 0, start: Math.max(0, start), end: Math.min(100, end) });
    const now = () => chart.getOption().dataZoom[0];
    const scale = (factor) => () => {
      const { start, end } = now();
      const half = ((end - start) / 2) * factor;
      zoom((start + end) / 2 - half, (start + end) / 2 + half);
    };
    const shift = (share) => () => {
      const { start, end } = now();
      const by = Math.max(-start, Math.min(100 - end, (end - start) * share));
      zoom(start + by, end + by);
    };
    // A figure that opens on the whole has nothing nearer to come back to.
    if (initial.startValue !== undefined)
      bar.append(
        button("Outage", "Show the outage", () =>
          chart.dispatchAction({ type: "dataZoom", dataZoomIndex: 0, ...initial }),
        ),
      );
    bar.append(
      initial.startValue === undefined
        ? button("All", "Show all of it", () => zoom(0, 100))
        : button("Whole pass", "Show the whole pass", () => zoom(0, 100)),
      button("+", "Zoom in", scale(0.5)),
      button("−", "Zoom out", scale(2)),
      button("←", "Earlier", shift(-0.5)),
      button("→", "Later", shift(0.5)),
    );
    return bar;
  }

  function enliven(figure) {
    const { option, summary } = JSON.parse(figure.querySelector("script").textContent);
    const text = JSON.stringify(option);
    const stage = document.createElement("div");
    stage.className = "live";
    stage.setAttribute("role", "img");
    stage.setAttribute("aria-label", summary);
    stage.style.height = `${figure.dataset.height}px`;
    figure.prepend(stage);
    figure.classList.add("enlivened");
    const chart = echarts.init(stage);
    chart.setOption(themed(text));
    // What shows the same stretch of time is zoomed together, and its pointers move together.
    if (figure.dataset.group) {
      chart.group = figure.dataset.group;
      echarts.connect(chart.group);
    }
    const zoom = option.dataZoom?.[0];
    if (zoom) stage.after(controls(chart, { startValue: zoom.startValue, endValue: zoom.endValue }));
    new ResizeObserver(() => chart.resize()).observe(stage);
    dark.addEventListener("change", () => chart.setOption(themed(text), true));
  }

  // A figure is drawn when it comes near: a page of many trials opens at once.
  const near = new IntersectionObserver(
    (entries) => {
      for (const { isIntersecting, target } of entries) {
        if (!isIntersecting) continue;
        near.unobserve(target);
        if (!target.classList.contains("enlivened")) enliven(target);
        // Those of its group with it: one that came later would not know how far the others are zoomed.
        const { group } = target.dataset;
        for (const other of group ? document.querySelectorAll(`figure.chart[data-group="${group}"]`) : [])
          if (!other.classList.contains("enlivened")) enliven(other);
      }
    },
    { rootMargin: "600px" },
  );
  for (const figure of document.querySelectorAll("figure.chart")) near.observe(figure);
})();
