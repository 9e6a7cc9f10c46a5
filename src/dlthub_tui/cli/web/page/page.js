// The terminal takes keys only while it has the focus, and its own script does not give it.
const takeKeys = () => document.querySelector(".xterm-helper-textarea")?.focus();
window.addEventListener("load", takeKeys);
window.addEventListener("focus", takeKeys);
