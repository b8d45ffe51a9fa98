/**
 * The simulated timemaster: it starts its children, passes their output on, and ends them when it ends. In one point it
 * differs from the real one: a child that dies later is not started again; timemaster then ends, as it does when a
 * child dies in the first second.
 */
import { type ConfigFile, parseConfigFile } from "../../../services/linuxptp/ConfigFile.ts"
import type { LinuxptpVersion } from "../../../services/linuxptp/LinuxptpVersion.ts"
import { readTimemasterHead } from "../../../services/linuxptp/TimemasterText.ts"
import type { OutputLine } from "../../../services/processes/ProcessRunner.ts"
import type { ProcessSpec } from "../../../services/processes/ProcessSpec.ts"
import { info, type Moment, type SimulatedProgram, speak, type Step, type Voice } from "./SimulatedProgram.ts"
import { ntpServerCommand, timemasterChildren } from "./TimemasterChildren.ts"

interface Child {
  readonly pid: number
  readonly program: SimulatedProgram
  readonly wakeAt: number
}

interface Timemaster {
  readonly voice: Voice
  /** The pids of the NTP server and of the children, in the order of their start. */
  readonly pids: ReadonlyArray<number>
  readonly children: ReadonlyArray<Child>
}

/** What is needed to start the children. */
export interface TimemasterOptions {
  readonly spec: ProcessSpec
  readonly voice: Voice
  readonly version: LinuxptpVersion
  readonly startChild: (spec: ProcessSpec) => SimulatedProgram
}

/** A timemaster that is about to start. */
export const simulatedTimemaster = (options: TimemasterOptions): SimulatedProgram => ({
  ...silent,
  step: (moment) => {
    const { file } = parseConfigFile(Object.values(options.spec.files)[0] ?? "", readTimemasterHead)
    const [timemaster, started] = start(options, file, moment)
    const first = step(timemaster, moment)
    return { ...first, lines: [...started, ...first.lines] }
  }
})

const silent = { sockets: [], answer: () => undefined, farewell: () => [] }

const start = (
  { spec, startChild, version, voice }: TimemasterOptions,
  file: ConfigFile,
  { newPid, node, now }: Moment
): readonly [Timemaster, ReadonlyArray<OutputLine>] => {
  const specs = timemasterChildren(file, { spec, version, node })
  const ntpServer = newPid()
  const children = specs.map((child) => ({ pid: newPid(), program: startChild(child), wakeAt: now }))
  const pids = [ntpServer, ...children.map(({ pid }) => pid)]
  const commands = [ntpServerCommand(file), ...specs.map(({ argv }) => argv)]
  // timemaster.c, start_process, prints a blank after each word.
  const messages = commands.map((words, index) => info(`process ${pids[index]} started: ${words.join(" ")} `))
  return [{ voice, pids, children }, speak(voice, now, messages)]
}

const program = (timemaster: Timemaster): SimulatedProgram => ({
  ...silent,
  farewell: (now) => [
    ...timemaster.children.flatMap((child) => child.program.farewell(now)),
    ...speak(timemaster.voice, now, [
      ...timemaster.pids.toReversed().map((pid) => info(`process ${pid} terminated with status 0`)),
      info("exiting")
    ])
  ],
  step: (moment) => step(timemaster, moment)
})

/** Runs each child that is due. The first child that ends makes all others end. */
const step = (timemaster: Timemaster, moment: Moment): Step => {
  const children: Array<Child> = []
  const lines: Array<OutputLine> = []
  // Children reach each other through their sockets, in the state before this moment.
  const ask = (path: string) =>
    timemaster.children.find((child) => child.program.sockets.includes(path))?.program.answer() ?? moment.ask(path)
  for (const child of timemaster.children) {
    const due = moment.now >= child.wakeAt ? child.program.step({ ...moment, ask }) : undefined
    children.push(due === undefined ? child : { pid: child.pid, program: due.next, wakeAt: due.wakeAt })
    lines.push(...due?.lines ?? [])
    if (due?.exitCode === undefined) continue
    const words = [info(`process ${child.pid} terminated with status ${due.exitCode}`), info("exiting")]
    const last = [...lines, ...speak(timemaster.voice, moment.now, words)]
    return { next: program(timemaster), lines: last, wakeAt: Infinity, exitCode: 1 }
  }
  const wakeAt = Math.min(...children.map((child) => child.wakeAt), moment.now + longestSleep)
  return { next: program({ ...timemaster, children }), lines, wakeAt }
}

/** In milliseconds. It limits the sleep of a timemaster without children. */
const longestSleep = 60_000
