/* Charts of what flows and of what consists of what.
   sankey: {nodes: [{name, label, colour, depth}], links: [{source, target, value, href?}]}
   tree:   {root: {title, value, change, tone: -1, 0 or 1, href?, children}} */
import { NARROW, writer } from "./kinds.js";

export function sankey(data, look, lang, width) {
  const write = writer(data, lang);
  const label = (name) => data.nodes.find((node) => node.name === name)?.label ?? name;
  const last = Math.max(...data.nodes.map((node) => node.depth));
  const isNarrow = width < NARROW;
  return {
    tooltip: {
      trigger: "item", renderMode: "richText", backgroundColor: look.surface, borderColor: look.line, textStyle: { color: look.ink }, confine: true,
      formatter: ({ data: one, value }) => (one.source ? `${label(one.source)} → ${label(one.target)}: ${write(one.value)}` : `${one.label}: ${write(value)}`),
    },
    /* The gap leaves room for a name beside each group, however small it is. */
    series: [{
      type: "sankey", left: 4, right: isNarrow ? 84 : 130, top: 8, bottom: 8, nodeWidth: 12, nodeGap: isNarrow ? 13 : 16, draggable: false, layoutIterations: 0,
      emphasis: { focus: "adjacency" }, lineStyle: { color: "source", opacity: 0.3 }, links: data.links,
      data: data.nodes.map((node, at) => ({ ...node, itemStyle: { color: node.colour ?? look.series[at % 8] } })),
      /* Names beside the last night; within the flow only where there is room for them. */
      label: {
        color: look.ink, fontSize: isNarrow ? 10 : 12, width: isNarrow ? 78 : 124, overflow: "truncate",
        formatter: ({ data: node }) => (node.depth === last || !isNarrow ? node.label : ""),
      },
    }],
  };
}

/* Boxes of three lines; from left to right, on a phone smaller. */
export function tree(data, look, lang, width) {
  const isNarrow = width < NARROW;
  const beside = isNarrow ? 54 : Math.max(84, width * 0.14); // half a box, and no longer lines than needed
  const size = isNarrow ? 10 : 12;
  const tones = { 1: look.accent, 0: look.ink2, [-1]: look.alert };
  const box = (node) => ({
    name: node.title, href: node.href || undefined,
    label: {
      formatter: `{a|${node.title}}\n{b|${node.value}}\n{c|${node.change}}`, backgroundColor: look.surface, borderColor: tones[node.tone],
      borderWidth: 1, borderRadius: 6, padding: isNarrow ? [4, 5] : [6, 9], position: "inside", align: "center", verticalAlign: "middle",
      rich: {
        a: { color: look.ink2, fontSize: size - 1, lineHeight: size + 4 }, b: { color: look.ink, fontSize: size + 1, fontWeight: 600, lineHeight: size + 6 },
        c: { color: tones[node.tone], fontSize: size, lineHeight: size + 4 },
      },
    },
    children: (node.children ?? []).map(box),
  });
  return {
    tooltip: { show: false },
    series: [{
      type: "tree", data: [box(data.root)], orient: "LR", left: beside, right: beside, top: 8, bottom: 8, symbolSize: 1,
      expandAndCollapse: false, roam: false, edgeShape: "polyline", edgeForkPosition: "50%", lineStyle: { color: look.line, width: 1.5 },
    }],
  };
}
