/* What each kind of chart looks like. `data` is what the page's JSON holds:
   bars:   {labels, series: [{name, values, links?}], horizontal?, percent?, money?}
   lines:  {labels, series: [{name, values, low?, high?}], percent?, mark?: {at, name}}: an upright line at a label
   sankey: {nodes: [{name, label, colour}], links: [{source, target, value, href?}]} */
const CHINESE = /^zh/;
const wording = (lang) => (CHINESE.test(lang) ? lang : "en");

function writer(data, lang) {
  const style = data.percent ? { style: "percent", maximumFractionDigits: 1 }
    : data.currency ? { style: "currency", currency: data.currency, maximumFractionDigits: 0 } : { maximumFractionDigits: 1 };
  const format = new Intl.NumberFormat(wording(lang), style);
  return (value) => (value == null ? "–" : format.format(value));
}

const short = (data, lang) => {
  const format = new Intl.NumberFormat(wording(lang), data.percent ? { style: "percent" } : { notation: "compact" });
  return (value) => format.format(value);
};

const axes = (data, look, lang) => {
  const values = {
    type: "value", min: data.fromZero === false ? "dataMin" : 0, splitNumber: 4,
    axisLabel: { color: look.ink3, formatter: short(data, lang) }, splitLine: { lineStyle: { color: look.line } },
  };
  const names = {
    type: "category", data: data.labels, axisTick: { show: false }, axisLine: { lineStyle: { color: look.line } },
    axisLabel: { color: look.ink2, hideOverlap: true }, inverse: Boolean(data.horizontal),
  };
  return data.horizontal ? { xAxis: { ...values, show: false }, yAxis: { ...names, axisLine: { show: false } } } : { xAxis: names, yAxis: values };
};

const legend = (data, look) => (data.series.length > 1 ? { legend: { top: 0, left: 0, icon: "circle", itemWidth: 8, textStyle: { color: look.ink2 } } } : {});

const grid = (data) => ({
  grid: { left: 4, right: data.horizontal ? 64 : 12, top: data.series.length > 1 ? 36 : 12, bottom: 4, containLabel: true },
});

export function bars(data, look, lang) {
  const write = writer(data, lang);
  return {
    ...axes(data, look, lang), ...grid(data), ...legend(data, look),
    series: data.series.map((one) => ({
      type: "bar", name: one.name, barMaxWidth: 26, itemStyle: { borderRadius: 3 }, stack: data.stacked ? "all" : undefined,
      data: one.values.map((value, at) => ({ value, href: one.links?.[at] })), cursor: one.links ? "pointer" : "default",
      label: { show: Boolean(data.horizontal), position: "right", color: look.ink, formatter: (point) => write(point.value) },
      tooltip: { valueFormatter: write },
    })),
  };
}

export function lines(data, look, lang) {
  const write = writer(data, lang);
  return {
    ...axes(data, look, lang), ...grid(data), ...legend(data, look),
    series: data.series.flatMap((one, at) => [...band(one, look.series[at % 8]), {
      type: "line", name: one.name, data: one.values, showSymbol: one.values.length < 3, symbolSize: 6, lineStyle: { width: 2 },
      itemStyle: { color: look.series[at % 8] }, tooltip: { valueFormatter: write }, ...(at === 0 ? marked(data, look) : {}),
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

export function sankey(data, look, lang) {
  const write = writer(data, lang);
  return {
    tooltip: { trigger: "item", renderMode: "richText", backgroundColor: look.surface, borderColor: look.line, textStyle: { color: look.ink }, valueFormatter: write },
    series: [{
      type: "sankey", left: 4, right: 120, top: 8, bottom: 8, nodeWidth: 10, nodeGap: 10, draggable: false, emphasis: { focus: "adjacency" },
      data: data.nodes.map((node, at) => ({ ...node, itemStyle: { color: node.colour ?? look.series[at % 8] } })), links: data.links,
      lineStyle: { color: "source", opacity: 0.25 }, label: { color: look.ink, formatter: (point) => point.data.label ?? point.name },
    }],
  };
}
