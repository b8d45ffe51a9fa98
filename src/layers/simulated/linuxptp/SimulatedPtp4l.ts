/**
 * The simulated ptp4l: ports, best master and servo, and the lines that linuxptp prints about them. It follows the
 * network's grandmaster on its first port, unless its configuration makes it a master. Not simulated: several foreign
 * masters, peer delay, ports on different PHCs, NICs that disappear.
 */
import { grandmasterIdentity, identityOf } from "./Dialect.ts"
import { eventMessages } from "./Ptp4lMessages.ts"
import type { Ptp4lSettings } from "./Ptp4lSettings.ts"
import type { Ptp4l } from "./Ptp4lState.ts"
import { dueEvent, look, newPort, nextDue, type Port, type PortEvent, react } from "./SimulatedPort.ts"
import { info, type Message, type Moment, type Ptp4lAnswer, type SimulatedProgram, speak } from "./SimulatedProgram.ts"
import {
  firstSample,
  nextSample,
  ptp4lOffsetText,
  sampleAfterSilence,
  summaryText,
  unsteered
} from "./SimulatedServo.ts"

/** An oscillator and a short cable, as in recorded logs with hardware time stamps. */
const nature = { initialOffsetNs: 40_000, jitterNs: 25, delayNs: 500, largestDriftPpb: 12_000 }

/** How often the network is looked at if nothing else is due: every second, and more often by a port that listens. */
const lookInterval = { listening: 250, settled: 1000 }

/** A ptp4l that is about to start on the node. */
export const simulatedPtp4l = (settings: Ptp4lSettings, node: string): SimulatedProgram =>
  program({
    settings,
    identity: identityOf(node, settings.nics[0] ?? ""),
    startedAt: undefined,
    ports: [],
    best: "none",
    servo: undefined,
    sampleAt: Infinity,
    ingressTime: 0
  })

const program = (ptp4l: Ptp4l): SimulatedProgram => ({
  sockets: ptp4l.settings.sockets,
  answer: () => answerOf(ptp4l),
  farewell: () => [],
  step: (moment) => {
    const [started, greeting] = ptp4l.startedAt === undefined ? start(ptp4l, moment) : [ptp4l, []]
    const [decided, events] = decide(started, moment)
    const [sampled, measurement] = sample(receiveSync(decided, moment), moment)
    return {
      next: program(sampled),
      lines: speak(ptp4l.settings.voice, moment.now, [...greeting, ...events, ...measurement]),
      wakeAt: wakeAt(sampled, moment.now)
    }
  }
})

/** While ports initialise, the answer says so. Before the first step the socket does not exist. */
const answerOf = ({ best, identity, ingressTime, ports, servo, settings }: Ptp4l): Ptp4lAnswer | undefined =>
  ports.length === 0 ? undefined : {
    clockIdentity: identity,
    usesPhc: settings.usesPhc,
    ports: ports.map(({ nic, state }) => ({ nic, state })),
    grandmaster: best === "foreign" ? grandmasterIdentity : undefined,
    sample: servo === undefined ? undefined : { offsetNs: servo.offsetNs, delayNs: servo.delayNs, ingressTime }
  }

const start = (ptp4l: Ptp4l, { node, now }: Moment): readonly [Ptp4l, ReadonlyArray<Message>] => {
  const phc = node.interfaces.find(({ name }) => name === ptp4l.settings.nics[0])?.phcIndex
  return [
    { ...ptp4l, startedAt: now, ports: ptp4l.settings.nics.map((nic, index) => newPort(nic, index, now)) },
    phc === undefined || !ptp4l.settings.usesPhc ? [] : [info(`selected /dev/ptp${phc} as PTP clock`)]
  ]
}

/** Lets each port look. Each port has at most one event. */
const decide = (started: Ptp4l, moment: Moment): readonly [Ptp4l, ReadonlyArray<Message>] => {
  let ptp4l = started
  const messages: Array<Message> = []
  for (const index of started.ports.keys()) {
    const seen = ptp4l.ports[index]
    if (seen === undefined) continue
    const sight = sightOf(ptp4l, seen, moment)
    const port = look(seen, sight, moment.now)
    ptp4l = withPort(ptp4l, port)
    const event = dueEvent(port, sight, ptp4l.settings.timing, ptp4l.startedAt ?? moment.now, moment.now)
    if (event === undefined) continue
    const after = apply(ptp4l, port, event, moment)
    messages.push(...eventMessages(ptp4l, after, port, event))
    ptp4l = after
  }
  return [ptp4l, messages]
}

const sightOf = (ptp4l: Ptp4l, port: Port, { node }: Moment) => {
  const linkUp = node.interfaces.find(({ name }) => name === port.nic)?.linkUp ?? false
  return { linkUp, hearsMaster: linkUp && node.hearsGrandmaster && port.nic === ptp4l.settings.upstream }
}

const withPort = (ptp4l: Ptp4l, port: Port): Ptp4l => ({
  ...ptp4l,
  ports: ptp4l.ports.map((other) => (other.number === port.number ? port : other))
})

const isFollowing = ({ state }: Port): boolean => state === "UNCALIBRATED" || state === "SLAVE"

/** The state after an event of `port`: the port itself, the best master, and the servo if it starts again. */
const apply = (ptp4l: Ptp4l, port: Port, event: PortEvent, { draw, now }: Moment): Ptp4l => {
  const { clientOnly, syncInterval, timing } = ptp4l.settings
  const after = withPort(ptp4l, react(port, event, clientOnly, timing, now))
  if (event === "RS_SLAVE") {
    const silence = (now - ptp4l.sampleAt) / 1000
    const servo = ptp4l.servo === undefined ? undefined : sampleAfterSilence(ptp4l.servo, nature, silence, draw)
    return { ...after, best: "foreign", servo, sampleAt: now + syncInterval }
  }
  const lost = isFollowing(port) && !after.ports.some(isFollowing)
  const nobodyElse = ptp4l.best === "none" && event === "ANNOUNCE_RECEIPT_TIMEOUT_EXPIRES"
  return lost || nobodyElse ? { ...after, best: "local" } : after
}

/** Sync messages arrive more often than the servo prints what it makes of them. */
const receiveSync = (ptp4l: Ptp4l, moment: Moment): Ptp4l => {
  const port = ptp4l.ports.find(isFollowing)
  const isDue = moment.now - ptp4l.ingressTime >= ptp4l.settings.syncInterval
  return isDue && port !== undefined && sightOf(ptp4l, port, moment).hearsMaster
    ? { ...ptp4l, ingressTime: moment.now }
    : ptp4l
}

/** Takes a sample if one is due. The first locked sample makes the port SLAVE. */
const sample = (ptp4l: Ptp4l, moment: Moment): readonly [Ptp4l, ReadonlyArray<Message>] => {
  const { freeRunning, reportInterval, summarises, syncInterval } = ptp4l.settings
  const port = ptp4l.ports.find(isFollowing)
  if (port === undefined || moment.now < ptp4l.sampleAt || !sightOf(ptp4l, port, moment).hearsMaster) return [ptp4l, []]
  const measured = ptp4l.servo === undefined
    ? firstSample(nature, moment.draw)
    : nextSample(ptp4l.servo, nature, moment.draw)
  const servo = freeRunning ? unsteered(measured) : measured
  const reports = freeRunning || port.state === "SLAVE"
  const sampled = { ...ptp4l, servo, sampleAt: moment.now + (reports ? reportInterval : syncInterval) }
  const text = summarises ? summaryText(servo, moment.draw) : ptp4lOffsetText(servo)
  const line = summarises && !reports ? [] : [info(text)]
  if (servo.state !== "s2" || port.state === "SLAVE") return [sampled, line]
  const locked = apply(sampled, port, "MASTER_CLOCK_SELECTED", moment)
  return [locked, [...line, ...eventMessages(sampled, locked, port, "MASTER_CLOCK_SELECTED")]]
}

const wakeAt = (ptp4l: Ptp4l, now: number): number => {
  const due = ptp4l.ports.map((port) => nextDue(port, ptp4l.settings.timing, ptp4l.startedAt ?? now))
  const sampleDue = ptp4l.ports.some(isFollowing) && ptp4l.sampleAt > now ? ptp4l.sampleAt : Infinity
  const listens = ptp4l.ports.some(({ qualifiedAt, state }) => state === "LISTENING" && qualifiedAt === undefined)
  const lookDue = now + (listens ? lookInterval.listening : lookInterval.settled)
  return Math.max(now + 1, Math.min(...due, sampleDue, lookDue))
}
