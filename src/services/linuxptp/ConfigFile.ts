/**
 * linuxptp's configuration text as data: sections with entries. Order and duplicates are kept because both have a
 * meaning: ports are numbered by order, and a unicast table repeats its keys. What an entry means is decided elsewhere
 * (ConfigText).
 */
import { findControlCharacter } from "./ControlCharacter.ts"

export interface ConfigEntry {
  readonly key: string
  /** Empty when the line has one word only. */
  readonly value: string
  /** Line number from 1; 0 for an entry that is not in a text yet. */
  readonly line: number
}

export interface ConfigSection {
  readonly name: string
  /** The line of its head; absent if it is not in a text yet. */
  readonly line?: number
  readonly entries: ReadonlyArray<ConfigEntry>
}

export interface ConfigFile {
  readonly sections: ReadonlyArray<ConfigSection>
}

/** A mistake in one line; line 0 means the whole text. */
export interface ConfigProblem {
  readonly severity: "error" | "warning"
  readonly line: number
  readonly option: string
  readonly message: string
}

export interface ConfigReading {
  readonly file: ConfigFile
  readonly problems: ReadonlyArray<ConfigProblem>
}

/** A file without sections. */
export const emptyConfigFile: ConfigFile = { sections: [] }

/** More than a hundred times linuxptp's own default configuration. */
export const maxConfigTextLength = 65_536

/**
 * linuxptp reads a line into 1024 bytes and takes the rest of a longer line for the next line, which could open a
 * section.
 */
const maxConfigLineBytes = 1000

const encoder = new TextEncoder()

const complaint = (line: number, option: string, message: string): ConfigProblem => ({
  severity: "error",
  line,
  option: option.slice(0, 60),
  message
})

const findLineFault = (line: string): string | undefined => {
  if (line.length > maxConfigLineBytes || encoder.encode(line).length > maxConfigLineBytes) {
    return `line is longer than ${maxConfigLineBytes} bytes`
  }
  const control = findControlCharacter(line.replaceAll("\t", " "))
  return control === undefined ? undefined : `contains the control character ${control}`
}

/** Trims the characters that count as blanks in the C locale. Control characters were refused before. */
const trimBlanks = (line: string): string => line.replace(/^[ \t]+/, "").replace(/[ \t]+$/, "")

const splitEntry = (line: string, lineNumber: number): ConfigEntry => {
  const [key = "", value = ""] = /^([^ \t]+)(?:[ \t]+(.*))?$/u.exec(line)?.slice(1) ?? []
  return { key, value, line: lineNumber }
}

/** What a line that begins with `[` opens. `ignored` is the rest of the line, which nobody reads. */
export type SectionHead = { readonly name: string; readonly ignored: string } | { readonly error: string }

/** Heads that are only read as such if they are alone in their line. */
const wholeHead = /^\[(global|unicast_master_table)\]$/i

/**
 * linuxptp config.c, parse_section_line and config_read: in the head of a port brackets count as blanks, and the first
 * word is the name.
 */
const readLinuxptpHead = (line: string): SectionHead => {
  const whole = wholeHead.exec(line)?.[1]
  if (whole !== undefined) return { name: whole, ignored: "" }
  const [name = "", ...rest] = line.split(/[[\] \t]+/).filter((word) => word !== "")
  if (name === "") return { error: "is not a section: write [name]" }
  return wholeHead.test(`[${name}]`)
    ? { error: `is a port named ${name} to linuxptp: write [${name}] alone in its line` }
    : { name, ignored: rest.join(" ") }
}

/** A line and its number in the text that it came from. */
export interface NumberedLine {
  readonly text: string
  readonly number: number
}

/**
 * Reads lines as linuxptp does (config.c, config_read): `#` at the start of a line begins a comment, and blanks around
 * a line do not count. `readHead` reads the lines that open a section. Lines without a meaning are errors and left out.
 */
export const readConfigLines = (
  lines: ReadonlyArray<NumberedLine>,
  readHead: (line: string) => SectionHead = readLinuxptpHead
): ConfigReading => {
  const sections: Array<{ name: string; line: number; entries: Array<ConfigEntry> }> = []
  const problems: Array<ConfigProblem> = []
  for (const { number, text } of lines) {
    const fault = findLineFault(text)
    const line = fault === undefined ? trimBlanks(text) : ""
    if (fault !== undefined) problems.push(complaint(number, "", fault))
    if (line === "" || line.startsWith("#")) continue
    if (line.startsWith("[")) {
      const head = readHead(line)
      if ("error" in head) problems.push(complaint(number, line, head.error))
      else sections.push({ name: head.name, line: number, entries: [] })
      if ("name" in head && !isComment(head.ignored)) problems.push(unread(number, line, head.ignored))
      continue
    }
    const entry = splitEntry(line, number)
    const section = sections.at(-1)
    if (section === undefined) problems.push(complaint(number, entry.key, "stands before the first section"))
    else section.entries.push(entry)
  }
  return { file: { sections }, problems }
}

/** Whether a text that linuxptp does not read was not meant to be read either. */
export const isComment = (text: string): boolean => text === "" || text.startsWith("#")

/** The warning for text that linuxptp does not read, though a person may think that it does. */
export const unread = (line: number, option: string, ignored: string): ConfigProblem => ({
  severity: "warning",
  line,
  option: option.slice(0, 60),
  message: `linuxptp does not read "${ignored.slice(0, 60)}"`
})

/** Reads the lines of `text`, which end in LF or CR LF. A text that is too long gives one problem and an empty file. */
export const parseConfigFile = (text: string, readHead?: (line: string) => SectionHead): ConfigReading => {
  if (text.length > maxConfigTextLength) {
    const message = `configuration text is longer than ${maxConfigTextLength} characters`
    return { file: emptyConfigFile, problems: [complaint(0, "", message)] }
  }
  return readConfigLines(text.split(/\r?\n/).map((line, index) => ({ text: line, number: index + 1 })), readHead)
}

const renderEntry = (entry: ConfigEntry): string => entry.value === "" ? entry.key : `${entry.key} ${entry.value}`

/** The canonical text: one blank between key and value, an empty line between sections, a line end at the end. */
export const renderConfigFile = (file: ConfigFile): string =>
  file.sections
    .map((section) => [`[${section.name}]`, ...section.entries.map(renderEntry), ""].join("\n"))
    .join("\n")

type EntriesByName = ReadonlyMap<string, ReadonlyArray<ConfigEntry>>

/** Of each file once: a text of 64 KiB may have thousands of ports, and each of them is asked for several options. */
const entriesByName = new WeakMap<ConfigFile, EntriesByName>()

const readEntries = ({ sections }: ConfigFile): EntriesByName =>
  new Map(
    [...Map.groupBy(sections, ({ name }) => name)].map((
      [name, group]
    ) => [name, group.flatMap(({ entries }) => entries)])
  )

/** The entries of every section called `name`, in order. */
export const entriesOf = (file: ConfigFile, name: string): ReadonlyArray<ConfigEntry> => {
  const entries = entriesByName.get(file) ?? readEntries(file)
  entriesByName.set(file, entries)
  return entries.get(name) ?? []
}

const withoutKey = (section: ConfigSection, key: string): ConfigSection => ({
  ...section,
  entries: section.entries.filter((entry) => entry.key !== key)
})

/**
 * Sets `key` to one value in the sections called `name` and removes its other values there. A missing section is added:
 * `[global]` at the start, so that the entry never belongs to a port's section, others at the end.
 */
export const setOption = (file: ConfigFile, name: string, key: string, value: string): ConfigFile => {
  const entry: ConfigEntry = { key, value, line: 0 }
  const first = file.sections.findIndex((section) => section.name === name)
  if (first < 0) {
    const section: ConfigSection = { name, entries: [entry] }
    return { sections: name === "global" ? [section, ...file.sections] : [...file.sections, section] }
  }
  return {
    sections: file.sections.map((section, index) => {
      if (section.name !== name) return section
      const rest = withoutKey(section, key)
      return index === first ? { ...rest, entries: [...rest.entries, entry] } : rest
    })
  }
}
