/* What each kind of chart looks like. `data` is what the page's JSON holds:
   bars:   {labels, series: [{name, values, links?}], horizontal?, percent?, money?, signed? (values below zero)}
   lines:  {labels, series: [{name, values, colour?, low?, high?}], percent?}
   Sankey diagrams and trees: flows.js. */
const CHINESE = /^zh/;
const wording = (lang) => (CHINESE.test(lang) ? lang : "en");

export function writer(data, lang) {
  const style = data.percent ? { style: "percent", maximumFractionDigits: 1 }
    : data.currency ? { style: "currency", currency: data.currency, maximumFractionDigits: 0 } : { maximumFractionDigits: 1 };
  const format = new Intl.NumberFormat(wording(lang), style);
  return (value) => (value == null ? "–" : format.format(value));
}

const short = (data, lang) => {
  const format = new Intl.NumberFormat(wording(lang), data.percent ? { style: "percent" } : { notation: "compact" });
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
      type: "bar", name: one.name, barMaxWidth: 26, itemStyle: { borderRadius: 3 }, stack: data.stacked ? "all" : undefined,
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
      itemStyle: { color: one.colour ?? look.series[at % 8] }, tooltip: { valueFormatter: write },
    }]),
  };
}

/* An interval: a stacked pair, the lower edge unseen. */
function band(one, color) {
  if (!one.low) return [];
  const edge = { type: "line", stack: `band ${one.name}`, symbol: "none", lineStyle: { opacity: 0 }, silent: true, tooltip: { show: false } };
  const height = one.high.map((high, at) => (high == null ? null : high - one.low[at]));
  return [{ ...edge, data: one.low }, { ...edge, data: height, areaStyle: { color, opacity: 0.15 } }];
}
