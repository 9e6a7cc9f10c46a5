"""Completions of shells, read from the parser: names of workspaces may hold blanks, colons and slashes.

The generator of the command framework passes words on as they were typed, with their quotes, and ends each with a
blank, which keeps a name of several parts from being completed beyond its first one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from cyclopts.completion import bash, fish, zsh

from dlthub_tui.cli.manual import NAME

if TYPE_CHECKING:
    from cyclopts import App

Shell = Literal["bash", "zsh", "fish"]
_GENERATORS = {
    "bash": bash.generate_completion_script, "fish": fish.generate_completion_script,
    "zsh": zsh.generate_completion_script,
}  # fmt: skip

# bash cuts words at `:` and leaves quotes in them; what it replaces begins behind the last cut.
_BASH_WORDS = r"""
_dlthub_tui_words() {
  local line="${COMP_LINE:0:COMP_POINT}" word='' quote='' begun='' char reply quoted
  local IFS=$'\n'
  local -i at cut=0
  local -a words=()
  for ((at=0; at<${#line}; at++)); do
    char="${line:at:1}"
    if [[ -n "$quote" ]]; then
      if [[ "$char" == "$quote" ]]; then
        quote=''
      elif [[ "$quote$char" == '"\' && "${line:at+1:1}" == [\"\\\$\`] ]]; then
        at+=1
        word+="${line:at:1}"
      else
        word+="$char"
      fi
      continue
    fi
    case "$char" in
      [[:blank:]])
        [[ -n "$begun" ]] && words+=("$word")
        word='' begun='' cut=0
        ;;
      '\')
        at+=1
        word+="${line:at:1}" begun=1
        ;;
      \'|\") quote="$char" begun=1 cut=${#word} ;;
      *)
        word+="$char" begun=1
        [[ "$char" == [:=] && "$COMP_WORDBREAKS" == *"$char"* ]] && cut=${#word}
        ;;
    esac
  done
  if [[ "$word" == --*=* ]]; then
    words+=("${word%%=*}" '=' "${word#*=}")
    cut=$((cut - ${#word} + ${#words[-1]}))
  else
    words+=("$word")
  fi
  local -a COMP_WORDS=("${words[@]}")
  local -i COMP_CWORD=$((${#words[@]} - 1))
  _dlthub_tui "$@"
  words=("${COMPREPLY[@]}")
  COMPREPLY=()
  for reply in "${words[@]}"; do
    [[ "$reply" == */ ]] && compopt -o nospace 2>/dev/null
    reply="${reply:cut}"
    case "$quote" in
      \') quoted="${reply//\'/\'\\\'\'}" ;;
      \")
        quoted="${reply//\\/\\\\}" quoted="${quoted//\"/\\\"}"
        quoted="${quoted//\$/\\\$}" quoted="${quoted//\`/\\\`}"
        ;;
      *)
        printf -v quoted '%q' "$reply"
        quoted="${quoted/#\\~/\~}"
        ;;
    esac
    COMPREPLY+=("$quoted")
  done
}

complete -F _dlthub_tui_words dlthub-tui
"""
_BASH = (
    ("""printf -v _q '%q' "$_x"; COMPREPLY+=("$_q")""", """COMPREPLY+=("$_x")"""),
    *(
        (f"--home)\n{blanks}COMPREPLY=()", f'--home)\n{blanks}COMPREPLY=( $(compgen -d -S / -- "${{cur}}") )')
        for blanks in (" " * 12, " " * 16, " " * 20)
    ),
    ("\ncomplete -F _dlthub_tui dlthub-tui\n", _BASH_WORDS),
)
_ZSH = (
    ('"${(@)_cyc_words[2,_cyc_current]}"', '"${(@Q)_cyc_words[2,_cyc_current-1]}" "${(Q)PREFIX}"'),
    (
        "    (( ${#_cyc_vals} )) && compadd -d _cyc_disp -a _cyc_vals\n",
        """\
    local -i _cyc_at _cyc_none=1
    local -a _cyc_said _cyc_more
    for (( _cyc_at = 1; _cyc_at <= ${#_cyc_vals}; _cyc_at++ )); do
      _cyc_said=("${_cyc_disp[_cyc_at]}") _cyc_more=()
      [[ "${_cyc_vals[_cyc_at]}" == */ ]] && _cyc_more=(-S '')
      compadd "${_cyc_more[@]}" -d _cyc_said -- "${_cyc_vals[_cyc_at]}" && _cyc_none=0
    done
    return _cyc_none
""",
    ),
    ("else your data folder.]:home'", "else your data folder.]:home:_directories'"),
)
_FISH = (
    (
        "    set -l lines (dlthub-tui __complete (commandline -pco)[2..] (commandline -ct) 2>/dev/null)\n",
        """\
    set -l token (commandline -ct)
    set -l word (string unescape -- "$token" 2>/dev/null)
    set -q word[1]; or set word (string replace --regex '^["\\']' '' -- "$token")
    set -l lines (dlthub-tui __complete (commandline -pco)[2..] "$word" 2>/dev/null)
""",
    ),
)
_OURS: dict[Shell, tuple[tuple[str, str], ...]] = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}


def render_completion(app: App, shell: Shell) -> str:
    """The script that completes `dlthub-tui` in a shell, for the file that the shell loads it from."""
    text = _GENERATORS[shell](app, NAME)
    for generated, ours in _OURS[shell]:
        text = text.replace(generated, ours)
    return text


def render_evaluated(app: App, shell: Shell) -> str:
    """The same for a shell that evaluates it: zsh has to be told which function completes what."""
    bound = f"compdef _cyclopts_{NAME} {NAME}\n" if shell == "zsh" else ""
    return render_completion(app, shell) + bound
