/** Mistakes in what is known of linuxptp: options, configuration text, log lines, readiness. */
import type { Mutant } from "./Mutant.ts"

const options = ["services/linuxptp/Options.test.ts"]
const configText = ["services/linuxptp/ConfigText.test.ts"]
const logEvents = ["services/linuxptp/LogEvent.test.ts", "services/linuxptp/RecordedLogs.test.ts"]

export const linuxptpMutants: ReadonlyArray<Mutant> = [
  {
    name: "an abbreviated option slips past the list",
    file: "src/services/linuxptp/Options.ts",
    search: `return problem("error", token.typed, explainUnknownName(version, token.name) ?? setting.error)`,
    replace: `return { arguments: [{ name: token.name, value: token.value ?? "" }], problems: [] }`,
    tests: options
  },
  {
    name: "a refused letter is a warning",
    file: "src/services/linuxptp/Options.ts",
    search: "if (option.refused !== undefined) return error(`not allowed: ${option.refused}`)",
    replace: "",
    tests: options
  },
  {
    name: "a word that belongs to no option is ignored",
    file: "src/services/linuxptp/Options.ts",
    search: `return problem("error", token.typed, "is no option, and no option takes it as its value")`,
    replace: "return nothing",
    tests: options
  },
  {
    name: "any socket path is dropped instead of refused",
    file: "src/services/linuxptp/Setting.ts",
    search: "return sockets.includes(value)\n",
    replace: "return sockets.length > 0\n",
    tests: [...options, ...configText]
  },
  {
    name: "the log level may be too low by one",
    file: "src/services/linuxptp/Setting.ts",
    search: "Number(value) >= lowestLoggingLevel\n",
    replace: "Number(value) >= lowestLoggingLevel - 1\n",
    tests: [...options, ...configText]
  },
  {
    name: "an option of the whole clock is taken in a port section",
    file: "src/services/linuxptp/Setting.ts",
    search: `if (place.scope === "port" && option.scope === "global") {`,
    replace: `if (place.scope === "port" && option.scope === "port") {`,
    tests: configText
  },
  {
    name: "a section of any name is a port",
    file: "src/services/linuxptp/ConfigText.ts",
    search: `if ("expected" in read) return { fault:`,
    replace: `if ("expected" in read) return name !== "" ? { value: name } : { fault:`,
    tests: configText
  },
  {
    name: "a console is a serial port",
    file: "src/services/linuxptp/ValuePattern.ts",
    search: " && !consoles.test(path)",
    replace: "",
    tests: ["services/linuxptp/ValueType.test.ts"]
  },
  {
    name: "chronyd's command port is for everybody",
    file: "src/services/linuxptp/NtpDirective.ts",
    search: "address(words) && loopbackNets(words)",
    replace: "address(words)",
    tests: ["services/linuxptp/TimemasterText.test.ts"]
  },
  {
    name: "the socket that a client names is dropped for ptp4l too",
    file: "src/services/linuxptp/Setting.ts",
    search: "if (isClient(program) && ",
    replace: "if (",
    tests: [...options, ...configText]
  },
  {
    name: "a backslash quotes nothing",
    file: "src/services/linuxptp/ShellWords.ts",
    search: `if (char === "\\\\" && isQuotedByBackslash(text.charAt(at + 1))) at++`,
    replace: "",
    tests: ["services/linuxptp/ShellWords.test.ts"]
  },
  {
    name: "an attached value is lost",
    file: "src/services/linuxptp/Getopt.ts",
    search: "value: tookNext ? next : attached || undefined",
    replace: "value: tookNext ? next : undefined",
    tests: ["services/linuxptp/Getopt.test.ts", ...options]
  },
  {
    name: "the management socket makes ptp4l ready",
    file: "src/services/linuxptp/Readiness.ts",
    search: `event.kind === "portState" && event.port > 0 && isOperational(event.to)`,
    replace: `event.kind === "portState" && isOperational(event.to)`,
    tests: ["services/linuxptp/Readiness.test.ts"]
  },
  {
    name: "a line of another program makes ready",
    file: "src/services/linuxptp/Readiness.ts",
    search: "event.program === program && ",
    replace: "",
    tests: ["services/linuxptp/Readiness.test.ts"]
  },
  {
    name: "a crash by a signal is the configuration's fault",
    file: "src/services/linuxptp/StartFailure.ts",
    search: `if ("signal" in exit || exit.code === 0) return false`,
    replace: `if ("signal" in exit || exit.code === 0) return "signal" in exit`,
    tests: ["services/linuxptp/StartFailure.test.ts"]
  },
  {
    name: "the usage that follows a missing device is about the text",
    file: "src/services/linuxptp/StartFailure.ts",
    search: "(errors.some(isPartOfUsage) && !errors.some(isMissingClock))",
    replace: "errors.some(isPartOfUsage)",
    tests: ["services/linuxptp/StartFailure.test.ts"]
  },
  {
    name: "any word and a colon are a header of syslog",
    file: "src/services/linuxptp/PastedPrefix.ts",
    search: "if (head === undefined || (pid === undefined && known === undefined)) return undefined",
    replace: "",
    tests: ["services/linuxptp/PastedLine.test.ts"]
  },
  {
    name: "a plain tag may have several words",
    file: "src/services/linuxptp/PastedLine.ts",
    search: "const tagged = /^(\\S{1,126}) (.*)$/s",
    replace: "const tagged = /^(\\S.{0,125}?) (port .*|\\S+ offset .*)$/s",
    tests: ["services/linuxptp/PastedLine.test.ts"]
  },
  {
    name: "the sign of an offset is lost",
    file: "src/services/linuxptp/LogEvent.ts",
    search: "offsetNs: toNumber(offsetNs)",
    replace: "offsetNs: Math.abs(toNumber(offsetNs))",
    tests: logEvents
  },
  {
    name: "rms and max are swapped",
    file: "src/services/linuxptp/LogEvent.ts",
    search: "rmsNs: toNumber(rms),\n    maxNs: toNumber(max)",
    replace: "rmsNs: toNumber(max),\n    maxNs: toNumber(rms)",
    tests: logEvents
  },
  {
    name: "from and to of a port are swapped",
    file: "src/services/linuxptp/LogEvent.ts",
    search: "    from,\n    to,\n    event,",
    replace: "    from: to,\n    to: from,\n    event,",
    tests: logEvents
  }
]
