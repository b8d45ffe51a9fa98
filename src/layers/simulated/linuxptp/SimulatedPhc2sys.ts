/**
 * The simulated phc2sys. It waits for the ptp4l behind its `-z` socket, follows the states of its ports, and prints an
 * offset each second for each clock that it steers. It never notices that its ptp4l has gone; the real one does not
 * notice for a long time either.
 */
import { chooseClocks, type ClockPair } from "./Phc2sysClocks.ts"
import type { Phc2sysSettings } from "./Phc2sysSettings.ts"
import {
  error,
  info,
  type Message,
  type Moment,
  notice,
  type Ptp4lAnswer,
  type SimulatedProgram,
  speak,
  type Step
} from "./SimulatedProgram.ts"
import { clockOffsetText, clockSummaryText, firstSample, nextSample, type Servo, unsteered } from "./SimulatedServo.ts"

interface Phc2sys {
  readonly settings: Phc2sysSettings
  /** The last answer of each socket; undefined until all have answered. */
  readonly answers: ReadonlyArray<Ptp4lAnswer> | undefined
  readonly pairs: ReadonlyArray<ClockPair>
  /** The key is the clock that is steered. */
  readonly servos: ReadonlyMap<string, Servo>
  readonly updates: number
  /** Monotonic time in milliseconds. */
  readonly updateAt: number
}

/** The system clock compared with a PHC on PCIe, as in the recorded logs. */
const nature = { initialOffsetNs: 40_000, jitterNs: 30, delayNs: 250, largestDriftPpb: 500 }

/** It asks ptp4l at this interval, in milliseconds. */
const askInterval = 1000

/** A phc2sys that is about to start. */
export const simulatedPhc2sys = (settings: Phc2sysSettings): SimulatedProgram =>
  program({ settings, answers: undefined, pairs: [], servos: new Map(), updates: 0, updateAt: 0 })

const program = (phc2sys: Phc2sys): SimulatedProgram => ({
  sockets: [],
  answer: () => undefined,
  farewell: (now) => {
    const waits = phc2sys.answers === undefined && asksPtp4l(phc2sys.settings)
    return speak(phc2sys.settings.voice, now, waits ? [error("poll failed")] : [])
  },
  step: (moment) => step(phc2sys, moment)
})

const asksPtp4l = ({ isAutomatic, waits }: Phc2sysSettings): boolean => isAutomatic || waits

const step = (phc2sys: Phc2sys, moment: Moment): Step => {
  const { settings } = phc2sys
  const followed = asksPtp4l(settings) ? follow(phc2sys, moment) : ready(phc2sys, [])
  if (followed === "Waiting") {
    return {
      next: program(phc2sys),
      lines: speak(settings.voice, moment.now, [notice("Waiting for ptp4l...")]),
      wakeAt: moment.now + askInterval
    }
  }
  if (followed === "NoSuitablePort") {
    const lines = speak(settings.voice, moment.now, [error("no suitable ports available")])
    return { next: program(phc2sys), lines, wakeAt: Infinity, exitCode: 255 }
  }
  const [updated, measurements] = update(followed.phc2sys, moment)
  return {
    next: program(updated),
    lines: speak(settings.voice, moment.now, [...followed.messages, ...measurements]),
    // Without a clock to steer no update is due, whatever the time of the last one was.
    wakeAt: Math.min(updated.pairs.length === 0 ? Infinity : updated.updateAt, moment.now + askInterval)
  }
}

interface Followed {
  readonly phc2sys: Phc2sys
  readonly messages: ReadonlyArray<Message>
}

const follow = (phc2sys: Phc2sys, { ask, node }: Moment): Followed | "Waiting" | "NoSuitablePort" => {
  const { answers: before, settings } = phc2sys
  const heard = settings.sockets.map((socket, index) => ask(socket) ?? before?.[index])
  const answers = heard.filter((answer) => answer !== undefined)
  if (answers.length < heard.length) return "Waiting"
  if (!settings.isAutomatic) return before !== undefined || answers.some(isInStep) ? ready(phc2sys, answers) : "Waiting"
  if (!answers.some(({ usesPhc }) => usesPhc)) return "NoSuitablePort"
  const changes = before === undefined ? [] : answers.flatMap((answer, index) => changedPorts(before[index], answer))
  if (before !== undefined && changes.length === 0) return { phc2sys, messages: [] }
  const phcs = new Map(node.interfaces.map(({ name, phcIndex }) => [name, phcIndex]))
  const { messages, pairs } = chooseClocks(answers, settings, (nic) => phcs.get(nic))
  return { phc2sys: { ...phc2sys, answers, pairs }, messages: [...changes, ...messages] }
}

const isInStep = ({ ports }: Ptp4lAnswer): boolean => ports.some(({ state }) => state === "SLAVE" || state === "MASTER")

/** Without `-a` the options say which clocks there are. */
const ready = (phc2sys: Phc2sys, answers: ReadonlyArray<Ptp4lAnswer>): Followed => {
  const { sinks, sourceLabel } = phc2sys.settings
  const pairs = sinks.map((sink) => ({ sink, label: sourceLabel }))
  return { phc2sys: { ...phc2sys, answers, pairs }, messages: [] }
}

const changedPorts = (before: Ptp4lAnswer | undefined, after: Ptp4lAnswer): ReadonlyArray<Message> =>
  after.ports.flatMap(({ state }, index) =>
    state === before?.ports[index]?.state ? [] : [notice(`port ${after.clockIdentity}-${index + 1} changed state`)]
  )

/** Compares and steers each pair if that is due. */
const update = (phc2sys: Phc2sys, { draw, now }: Moment): readonly [Phc2sys, ReadonlyArray<Message>] => {
  const { pairs, settings } = phc2sys
  if (now < phc2sys.updateAt || pairs.length === 0) return [phc2sys, []]
  const updates = phc2sys.updates + 1
  const servos = new Map(phc2sys.servos)
  const messages: Array<Message> = []
  for (const { label, sink } of pairs) {
    const last = servos.get(sink)
    const measured = last === undefined ? firstSample(nature, draw) : nextSample(last, nature, draw)
    servos.set(sink, measured)
    const servo = settings.steers ? measured : unsteered(measured)
    if (settings.updatesInSummary === 0) {
      messages.push(info(clockOffsetText(`${sink} ${label}`, servo)))
    } else if (updates % settings.updatesInSummary === 0) {
      messages.push(info(clockSummaryText(sink, servo, draw)))
    }
  }
  return [{ ...phc2sys, servos, updates, updateAt: now + settings.updateInterval }, messages]
}
