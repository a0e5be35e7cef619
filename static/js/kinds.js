/* What each kind of chart looks like. `data` is what the page's JSON holds:
   bars:   {labels, series: [{name, values, links?, quiet?}], horizontal?, percent?, money?, stacked?, decimals?, signed? (values below zero)}
   lines:  {labels, series: [{name, values, colour?, low?, high?}], percent?, mark?: {at, name}}: an upright line at a label
   bubbles: {points: [{name, x, y, size, chosen, href}], across, up, chosen, others, size, currency?}; both axes from 0 to 100
   Sankey diagrams and trees: flows.js. */
import { keptApart } from "./apart.js";

const CHINESE = /^zh/;
const wording = (lang) => (CHINESE.test(lang) ? lang : "en");

export function writer(data, lang) {
  const style = data.percent ? { style: "percent", maximumFractionDigits: 1 }
    : data.currency ? { style: "currency", currency: data.currency, maximumFractionDigits: 0 } : { maximumFractionDigits: data.decimals ?? 1 };
  const format = new Intl.NumberFormat(wording(lang), style);
  return (value) => (value == null ? "–" : format.format(value));
}

const short = (data, lang) => {
  const format = new Intl.NumberFormat(wording(lang), data.percent ? { style: "percent" }
    : { notation: "compact", ...(data.currency ? { style: "currency", currency: data.currency } : {}) });
  return (value) => format.format(value);
};

export const NARROW = 560;

const axes = (data, look, lang, width) => {
  const values = {
    type: "value", min: data.fromZero === false ? "dataMin" : data.signed ? undefined : 0, splitNumber: 4, boundaryGap: data.signed && data.horizontal ? Array(2).fill(width < NARROW ? "40%" : "12%") : undefined,
    axisLabel: { color: look.ink3, formatter: short(data, lang) }, splitLine: { lineStyle: { color: look.line } },
  };
  const names = {
    type: "category", data: data.labels, axisTick: { show: false }, axisLine: { lineStyle: { color: look.line } },
    axisLabel: { color: look.ink2, hideOverlap: true, ...(data.horizontal && width < NARROW ? { width: 96, overflow: "break" } : {}) }, inverse: Boolean(data.horizontal),
  };
  if (data.signed) names.axisLine = { ...names.axisLine, onZero: false }; // names beside the chart, not in its middle
  return data.horizontal ? { xAxis: { ...values, show: false }, yAxis: { ...names, axisLine: { show: false } } } : { xAxis: names, yAxis: values };
};

const legend = (data, look) => (data.series.length > 1 ? { legend: { type: "scroll", top: 0, left: 0, icon: "circle", itemWidth: 8, textStyle: { color: look.ink2 } } } : {});

const grid = (data) => ({
  grid: { left: data.horizontal && data.signed ? 12 : 4, right: data.horizontal ? 64 : 12, top: data.series.length > 1 ? 36 : 12, bottom: 4, containLabel: true },
});

export function bars(data, look, lang, width) {
  const write = writer(data, lang);
  const say = data.signed && width < NARROW ? short(data, lang) : write; // beside a bar on a phone there is little room
  return {
    ...axes(data, look, lang, width), ...grid(data), ...legend(data, look),
    series: data.series.map((one) => ({
      type: "bar", name: one.name, barMaxWidth: 26, itemStyle: { borderRadius: 3, color: one.quiet ? look.line : undefined }, stack: data.stacked ? "all" : undefined,
      data: one.values.map((value, at) => ({ value, href: one.links?.[at], ...(value < 0 && data.horizontal ? { label: { position: "left" }, itemStyle: { color: look.alert } } : {}) })), cursor: one.links ? "pointer" : "default",
      label: { show: Boolean(data.horizontal), position: "right", color: look.ink, formatter: (point) => say(point.value) },
      tooltip: { valueFormatter: write },
    })),
  };
}

export function lines(data, look, lang) {
  const write = writer(data, lang);
  return {
    ...axes(data, look, lang), ...grid(data), ...legend(data, look),
    series: data.series.flatMap((one, at) => [...band(one, one.colour ?? look.series[at % 8]), {
      type: "line", name: one.name, data: one.values, showSymbol: one.values.length < 3, symbolSize: 6, lineStyle: { width: 2 },
      itemStyle: { color: one.colour ?? look.series[at % 8] }, tooltip: { valueFormatter: write }, ...(at === 0 ? marked(data, look) : {}),
    }]),
  };
}

/* Where something begins: an upright line that says what. */
const marked = (data, look) => data.mark ? { markLine: {
  silent: true, symbol: "none", lineStyle: { color: look.ink3, type: "dashed" }, data: [{ xAxis: data.mark.at }],
  label: { formatter: data.mark.name, color: look.ink2, position: "end", rotate: 0 },
} } : {};

/* An interval: a stacked pair, the lower edge unseen. */
function band(one, color) {
  if (!one.low) return [];
  const edge = { type: "line", stack: `band ${one.name}`, symbol: "none", lineStyle: { opacity: 0 }, silent: true, tooltip: { show: false } };
  const height = one.high.map((high, at) => (high == null ? null : high - one.low[at]));
  return [{ ...edge, data: one.low }, { ...edge, data: height, areaStyle: { color, opacity: 0.15 } }];
}

/* A name beside a mark, not too long: a Chinese character is as wide as two others. */
const MOST = 24;
function cut(name) {
  let width = 0;
  const at = [...name].findIndex((one) => (width += one > "\u2e80" ? 2 : 1) > MOST);
  return at < 0 ? name : `${[...name].slice(0, at).join("")}…`;
}

/* Two scores and a size; the lines part the axes into thirds. Where there is room the names stand beside the bubbles,
   on a phone their numbers do, and the page has the list of them. */
export function bubbles(data, look, lang, width, height) {
  const most = Math.max(...data.points.map((point) => point.size), 1);
  const write = writer({}, lang);
  const worth = writer(data, lang);
  const isNarrow = width < NARROW;
  const axis = (name) => ({
    type: "value", min: 0, max: 100, name, nameLocation: "middle", nameGap: 28, nameTextStyle: { color: look.ink2 },
    interval: 25, axisLabel: { color: look.ink3 }, axisLine: { show: false }, axisTick: { show: false }, splitLine: { show: false },
  });
  const thirds = [100 / 3, 200 / 3].flatMap((at) => [{ xAxis: at }, { yAxis: at }]);
  const points = data.points.map((point, at) => ({ ...point, number: at + 1, value: [point.x, point.y, point.size] }));
  const edges = { left: 56, right: isNarrow ? 24 : 150, top: 44, bottom: 52 };
  const diameter = (size) => 10 + 44 * Math.sqrt(Math.max(size, 0) / most);
  const marks = points.map(({ x, y, size }) => {
    const across = edges.left + (x / 100) * (width - edges.left - edges.right), down = edges.top + (1 - y / 100) * (height - edges.top - edges.bottom);
    return { x: across - diameter(size) / 2, y: down - diameter(size) / 2, width: diameter(size), height: diameter(size) };
  });
  const apart = keptApart(marks, { x: edges.left - 16, y: edges.top - 12, width: width - edges.left + 16, height: height - edges.top - edges.bottom + 12 });
  const series = (name, is, color) => ({
    type: "scatter", name, data: points.filter((point) => Boolean(point.chosen) === is), cursor: "pointer", clip: false, itemStyle: { color, opacity: 0.75 },
    symbolSize: (value) => diameter(value[2]), labelLayout: apart, labelLine: { show: true, lineStyle: { color: look.ink3 } },
    label: { show: true, position: "right", color: look.ink, formatter: (point) => (isNarrow ? String(point.data.number) : cut(point.data.name)) },
    markLine: is ? undefined : { silent: true, symbol: "none", label: { show: false }, lineStyle: { color: look.line, type: "solid" }, data: thirds },
  });
  return {
    tooltip: {
      trigger: "item", renderMode: "richText", backgroundColor: look.surface, borderColor: look.line, textStyle: { color: look.ink }, confine: true,
      formatter: ({ data: at }) => `${at.name}\n${data.up}: ${write(at.y)}\n${data.across}: ${write(at.x)}\n${data.size}: ${worth(at.size)}`,
    },
    legend: { top: 0, left: 0, icon: "circle", itemWidth: 8, textStyle: { color: look.ink2 } },
    grid: edges,
    xAxis: axis(data.across), yAxis: axis(data.up),
    series: [series(data.others, false, look.ink3), series(data.chosen, true, look.accent)],
  };
}
