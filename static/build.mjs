/* Builds static/dist: one style sheet, the behaviours, the charts, and a sprite of the icons that are really used. */
import { readFileSync, readdirSync, mkdirSync, rmSync, writeFileSync, existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const root = resolve(here, "..");
const dist = join(here, "dist");
const SOURCES = ["templates", "crm", "customers", "loyalty", "complaints", "segmentation", "campaigns", "analytics"];

function* filesUnder(folder) {
  if (!existsSync(folder)) return;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* filesUnder(path);
    else if (/\.(html|py)$/.test(entry.name)) yield path;
  }
}

/* An icon is named as {% icon "name" %}, as glyph="name" in an include, or as icon="name" or "icon": "name" in Python. */
function iconsInUse() {
  const names = new Set(["x", "check", "alert-triangle", "info-circle"]);
  for (const source of SOURCES)
    for (const path of filesUnder(join(root, source)))
      for (const match of readFileSync(path, "utf8").matchAll(/(?:\b(?:icon |icon=|glyph=)|"icon": )"([a-z0-9-]+)"/g)) names.add(match[1]);
  return [...names].sort();
}

function sprite() {
  const folder = join(root, "node_modules/@tabler/icons/icons/outline");
  const symbols = iconsInUse().map((name) => {
    const path = join(folder, `${name}.svg`);
    if (!existsSync(path)) throw new Error(`no icon named ${name}`);
    const body = readFileSync(path, "utf8").replace(/^[\s\S]*?<svg[^>]*>/, "").replace(/<\/svg>\s*$/, "");
    const shapes = body.replace(/<path stroke="none" d="M0 0h24v24H0z" fill="none" \/>/, "").replace(/\s+/g, " ").trim();
    return `<symbol id="${name}" viewBox="0 0 24 24">${shapes}</symbol>`;
  });
  writeFileSync(join(dist, "icons.svg"), `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join("")}</svg>\n`);
}

rmSync(dist, { recursive: true, force: true });
mkdirSync(dist, { recursive: true });
const options = {
  absWorkingDir: root,
  entryPoints: ["static/css/app.css", "static/js/app.js", "static/js/charts.js", "static/js/shop.js", "static/js/track.js", "static/css/member.css", "static/js/member.js", "static/js/member-worker.js"],
  outdir: "static/dist",
  bundle: true,
  minify: true,
  format: "iife",
  target: ["chrome111", "firefox113", "safari16.4"],
  loader: { ".woff2": "file", ".svg": "dataurl" },
  assetNames: "[name]",
  entryNames: "[name]",
  logLevel: "warning",
};
sprite();
if (process.argv.includes("--watch")) await (await esbuild.context({ ...options, minify: false })).watch();
else await esbuild.build(options);
