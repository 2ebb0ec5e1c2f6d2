// The help texts, the manual page and the completion scripts, all made of the option table.
import { type CommandRow, commands, commonOptions, exitCodes, type OptionRow } from "./options.ts";

function optionHead(row: OptionRow): string {
  const short = row.short === undefined ? "    " : `-${row.short}, `;
  return `${short}--${row.name}${row.value === undefined ? "" : ` ${row.value}`}`;
}

function optionSays(row: OptionRow): string {
  const choices = row.choices === undefined ? "" : ` (${row.choices.join(", ")})`;
  return row.says + choices;
}

function columns(rows: readonly (readonly [string, string])[], width: number): string {
  const left = Math.min(28, Math.max(...rows.map(([head]) => head.length)) + 2);
  return rows
    .map(([head, says]) => {
      const lines = fill(says, Math.max(30, width - left - 2));
      const first = head.length + 2 > left ? [`  ${head}`] : [`  ${head.padEnd(left)}${lines.shift() ?? ""}`];
      return [...first, ...lines.map((line) => " ".repeat(left + 2) + line)].map((line) => `${line}\n`).join("");
    })
    .join("");
}

function fill(text: string, room: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > room) {
      lines.push(line);
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}

export function mainHelp(width: number): string {
  return `bpflab: assemble, verify, run and explain eBPF programs

Usage: bpflab COMMAND [OPTION...] [FILE...]

Commands:
${columns(
  commands.map((row) => [`${row.name} ${row.operands}`.trim(), row.says] as const),
  width,
)}
Options of every command:
${columns(
  [...commonOptions.map((row) => [optionHead(row), optionSays(row)] as const), ["-h, --help", "show this help"]],
  width,
)}
Exit codes:
${columns(
  exitCodes.map(([code, says]) => [String(code), says] as const),
  width,
)}`;
}

export function commandHelp(row: CommandRow, width: number): string {
  const more = row.more === "" ? "" : `\n${fill(row.more, width).join("\n")}\n`;
  const own = row.options.map((option) => [optionHead(option), optionSays(option)] as const);
  const common = commonOptions.map((option) => [optionHead(option), optionSays(option)] as const);
  const examples = row.examples.map(([line, says]) => `  ${line.padEnd(48)} ${says}`.trimEnd());
  return `bpflab ${row.name}: ${row.says}

Usage: bpflab ${row.name} [OPTION...] ${row.operands}
${more}
${own.length === 0 ? "" : `Options:\n${columns(own, width)}\n`}Options of every command:
${columns(common, width)}
Examples:
${examples.join("\n")}
`;
}

const roff = (text: string): string =>
  text
    .replace(/\\/g, "\\\\")
    .replace(/-/g, "\\-")
    .replace(/^([.'])/gm, "\\&$1");

function roffOptions(rows: readonly OptionRow[]): string {
  return rows
    .map((row) => {
      const names = [...(row.short === undefined ? [] : [`-${row.short}`]), `--${row.name}`];
      const head = names.map((name) => `\\fB${roff(name)}\\fR`).join(", ");
      return `.TP\n${head}${row.value === undefined ? "" : ` \\fI${row.value}\\fR`}\n${roff(optionSays(row))}\n`;
    })
    .join("");
}

/** The manual page, in roff. */
export function manualPage(version: string): string {
  const sections = commands.map((row) => {
    const examples = row.examples.map(([line, says]) => `.PP\n${roff(says)}:\n.PP\n.nf\n    ${roff(line)}\n.fi\n`);
    return `.SS bpflab ${row.name} [OPTION...] ${roff(row.operands)}
${roff(`${row.says.charAt(0).toUpperCase()}${row.says.slice(1)}.`)}
${row.more === "" ? "" : `${roff(row.more)}\n`}${roffOptions(row.options)}${examples.join("")}`;
  });
  return `.TH BPFLAB 1 "" "bpflab ${roff(version)}" "User Commands"
.SH NAME
bpflab \\- assemble, verify, run and explain eBPF programs
.SH SYNOPSIS
.B bpflab
\\fICOMMAND\\fR [\\fIOPTION\\fR...] [\\fIFILE\\fR...]
.SH DESCRIPTION
A laboratory for eBPF that needs neither Linux nor privileges. Programs are text or bytes; results go to standard
output, progress and complaints about usage to standard error.
.SH COMMANDS
${sections.join("")}.SH OPTIONS OF EVERY COMMAND
${roffOptions(commonOptions)}.SH EXIT STATUS
${exitCodes.map(([code, says]) => `.TP\n${code}\n${roff(says)}\n`).join("")}.SH ENVIRONMENT
.TP
NO_COLOR
no colour, if set to anything
.TP
FORCE_COLOR
colour even where the output is no terminal, unless 0
.TP
COLUMNS
the width to print for
.SH SEE ALSO
.BR bpftool (8)
`;
}

const words = (list: readonly string[]): string => list.join(" ");
const flags = (row: CommandRow): readonly OptionRow[] => [...row.options, ...commonOptions];

export const completions = {
  bash: (): string => `# bash completion for bpflab
_bpflab() {
  local word=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]} command=\${COMP_WORDS[1]}
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${words(commands.map((row) => row.name))} --help --version" -- "$word"))
    return
  fi
  case "$command $before" in
${commands
  .flatMap((row) =>
    flags(row)
      .filter((option) => option.choices !== undefined)
      .map(
        (option) =>
          `    "${row.name} --${option.name}") COMPREPLY=($(compgen -W "${words(option.choices ?? [])}" -- "$word")); return ;;`,
      ),
  )
  .join("\n")}
  esac
  case "$command" in
${commands
  .map((row) => {
    const all = [...(row.words ?? []), ...flags(row).map((option) => `--${option.name}`)];
    return `    ${row.name}) [[ $word == -* || -n "${words(row.words ?? [])}" ]] && COMPREPLY=($(compgen -W "${words(all)}" -- "$word")) ;;`;
  })
  .join("\n")}
  esac
}
complete -o default -F _bpflab bpflab
`,
  zsh: (): string => `#compdef bpflab
_bpflab() {
  local -a commands
  commands=(
${commands.map((row) => `    '${row.name}:${quoted(row.says)}'`).join("\n")}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  case $words[2] in
${commands
  .map((row) => {
    const specs = flags(row).map((option) => {
      const many = option.many === true ? "*" : "";
      const value = option.value === undefined ? "" : `:${option.value}:${zshAction(option)}`;
      return `      '${many}--${option.name}[${quoted(option.says).replace(/[[\]]/g, "\\$&")}]${value}'`;
    });
    const operand = row.words === undefined ? "'*:file:_files'" : `'1:word:(${words(row.words)})'`;
    return `    ${row.name})\n      shift words; (( CURRENT-- ))\n      _arguments \\\n${specs.join(" \\\n")} \\\n      ${operand} ;;`;
  })
  .join("\n")}
  esac
}
compdef _bpflab bpflab
`,
  fish: (): string => `# fish completion for bpflab
${commands
  .map((row) => `complete -c bpflab -n __fish_use_subcommand -a ${row.name} -d '${quoted(row.says)}'`)
  .join("\n")}
${commands
  .flatMap((row) => [
    ...flags(row).map((option) => {
      const value =
        option.value === undefined ? "" : option.choices === undefined ? " -r" : ` -x -a '${words(option.choices)}'`;
      const short = option.short === undefined ? "" : ` -s ${option.short}`;
      return `complete -c bpflab -n '__fish_seen_subcommand_from ${row.name}'${short} -l ${option.name}${value} -d '${quoted(option.says)}'`;
    }),
    ...(row.words === undefined
      ? []
      : [`complete -c bpflab -f -n '__fish_seen_subcommand_from ${row.name}' -a '${words(row.words)}'`]),
  ])
  .join("\n")}
`,
} as const;

function quoted(text: string): string {
  return text.replace(/['`]/g, "");
}

function zshAction(option: OptionRow): string {
  return option.choices === undefined ? "_files" : `(${words(option.choices)})`;
}
