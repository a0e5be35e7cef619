/* Charts: <div class="chart" data-chart="bars" data-from="id-of-json"></div>. Loaded only by pages that draw. */
import * as echarts from "echarts/core";
import { BarChart, LineChart, SankeyChart, ScatterChart, TreeChart } from "echarts/charts";
import { AriaComponent, GridComponent, LegendComponent, MarkLineComponent, TooltipComponent } from "echarts/components";
import { LabelLayout } from "echarts/features";
import { CanvasRenderer } from "echarts/renderers";
import { tokens } from "./tokens.js";
import { bars, bubbles, lines } from "./kinds.js";
import { sankey, tree } from "./flows.js";

echarts.use([BarChart, LineChart, SankeyChart, ScatterChart, TreeChart, AriaComponent, GridComponent, LegendComponent, MarkLineComponent, TooltipComponent, LabelLayout, CanvasRenderer]);
const kinds = { bars, bubbles, lines, sankey, tree };
const PLACED = new Set(["tree", "bubbles"]); // boxes and labels are placed by the room there is

function draw(element) {
  const source = document.getElementById(element.dataset.from);
  if (!source) return;
  const data = JSON.parse(source.textContent);
  const look = tokens();
  const chart = echarts.getInstanceByDom(element) ?? echarts.init(element, null, { renderer: "canvas" });
  chart.setOption({ ...base(look), ...kinds[element.dataset.chart](data, look, document.documentElement.lang, element.clientWidth, element.clientHeight) }, true);
  chart.off("click");
  chart.on("click", (event) => event.data?.href && location.assign(event.data.href)); // a click drills
}

/* richText: HTML tooltips write inline styles, which the content policy forbids. */
const base = (look) => ({
  animationDuration: matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 250,
  aria: { enabled: true },
  color: look.series,
  textStyle: { fontFamily: look.font, color: look.ink2, fontSize: 12 },
  tooltip: {
    renderMode: "richText", trigger: "axis", axisPointer: { type: "none" }, backgroundColor: look.surface,
    borderColor: look.line, textStyle: { color: look.ink, fontSize: 12 }, confine: true,
  },
});

const all = (root) => [...(root.matches?.(".chart[data-chart]") ? [root] : []), ...root.querySelectorAll(".chart[data-chart]")];
const drawAll = (root = document) => all(root).forEach(draw);

drawAll();
document.addEventListener("htmx:afterSettle", (event) => drawAll(event.detail.elt));
document.addEventListener("theme:changed", () => drawAll());
addEventListener("resize", () => all(document).forEach((element) => {
  echarts.getInstanceByDom(element)?.resize();
  if (PLACED.has(element.dataset.chart)) draw(element);
}));
/* "As a table": the same figures, one click away. */
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-as-table]");
  if (!button) return;
  const card = button.closest(".card");
  const isTable = button.getAttribute("aria-pressed") !== "true";
  button.setAttribute("aria-pressed", String(isTable));
  card.querySelector(".chart").hidden = isTable;
  card.querySelector(".chart-table").hidden = !isTable;
});
