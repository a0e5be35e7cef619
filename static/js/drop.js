/* Dropping a file on a .drop puts it into its file input; the name and size are shown before anything is sent. */
const size = (bytes) => (bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`);

/* A file that would be refused after it has travelled is refused before. */
function show(input) {
  const line = input.closest(".drop")?.querySelector("[data-file-name]");
  const isTooLarge = [...input.files].some((file) => file.size > Number(input.dataset.largest || Infinity));
  if (isTooLarge) {
    input.value = "";
    if (line) line.textContent = input.dataset.tooLarge;
    return;
  }
  if (line) line.textContent = [...input.files].map((file) => `${file.name} (${size(file.size)})`).join(", ");
}

for (const kind of ["dragover", "dragleave", "drop"])
  document.addEventListener(kind, (event) => {
    const zone = event.target.closest?.(".drop");
    if (!zone) return;
    event.preventDefault();
    zone.classList.toggle("is-over", kind === "dragover");
    if (kind !== "drop") return;
    const input = zone.querySelector("input[type='file']");
    input.files = event.dataTransfer.files;
    show(input);
  });
document.addEventListener("change", (event) => event.target.matches?.(".drop input[type='file']") && show(event.target));

/* A large file takes a while to travel: say how far it is. */
document.addEventListener("htmx:xhr:progress", (event) => {
  const bar = event.target.closest?.("[data-uploads]")?.querySelector("[data-upload-progress]");
  if (!bar || !event.detail.lengthComputable) return;
  bar.hidden = false;
  bar.value = event.detail.loaded / event.detail.total;
});
