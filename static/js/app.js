/* One behaviour a file. Each listens on the document, so that what htmx swaps in works without being wired up. */
import "./setup.js";
import "./theme.js";
import "./menus.js";
import "./dialogs.js";
import "./toasts.js";
import "./forms.js";
import "./rows.js";
import "./find.js";
import "./hotkeys.js";
import "./mentions.js";
import "./keyboard.js";
import "./drop.js";
import "./paint.js";
import "./copy.js";
import "./checks.js";
import "./edits.js";
import "./bell.js";
