/* The colours of the style sheet as a canvas understands them: light-dark(), color-mix() and oklch() go through a pixel. */
const canvas = document.createElement("canvas");
canvas.width = canvas.height = 1;
const pen = canvas.getContext("2d", { willReadFrequently: true });

function resolved(name) {
  const probe = document.createElement("span");
  probe.hidden = true;
  document.body.append(probe);
  probe.style.color = `var(${name})`; // through the CSSOM: the content policy only forbids style attributes
  const color = getComputedStyle(probe).color;
  probe.remove();
  pen.clearRect(0, 0, 1, 1);
  pen.fillStyle = color;
  pen.fillRect(0, 0, 1, 1);
  const [r, g, b, a] = pen.getImageData(0, 0, 1, 1).data;
  return `rgba(${r}, ${g}, ${b}, ${a / 255})`;
}

export function tokens() {
  return {
    ink: resolved("--ink"), ink2: resolved("--ink-2"), ink3: resolved("--ink-3"), line: resolved("--line"),
    surface: resolved("--surface"), accent: resolved("--accent"), alert: resolved("--alert"),
    series: [1, 2, 3, 4, 5, 6, 7, 8].map((n) => resolved(`--series-${n}`)),
    font: getComputedStyle(document.body).fontFamily,
  };
}
