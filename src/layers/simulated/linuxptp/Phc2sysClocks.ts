/**
 * Finds out from which clock phc2sys takes the time and which clocks it steers, by the port states of its ptp4l
 * (linuxptp phc2sys.c, reconfigure). SimulatedPhc2sys uses it. Ports with the same PHC are one clock, which has the
 * name of the first port.
 */
import { sourceClockName } from "./Dialect.ts"
import type { Phc2sysSettings } from "./Phc2sysSettings.ts"
import { info, type Message, type Ptp4lAnswer, type SimulatedPortState } from "./SimulatedProgram.ts"

/** A clock that is steered, and its source: `CLOCK_REALTIME phc offset …`. */
export interface ClockPair {
  readonly sink: string
  /** `phc` or `sys`. */
  readonly label: string
}

/** The resulting pairs, and the messages that phc2sys prints about them. */
export interface ClockChoice {
  readonly pairs: ReadonlyArray<ClockPair>
  readonly messages: ReadonlyArray<Message>
}

const systemClock = "CLOCK_REALTIME"

/** Each answer is one domain. CLOCK_REALTIME follows the first domain that has the time, which is told if there are several. */
export const chooseClocks = (
  answers: ReadonlyArray<Ptp4lAnswer>,
  settings: Phc2sysSettings,
  phcOf: (nic: string) => number | undefined
): ClockChoice => {
  const messages = [info("reconfiguring after port state change")]
  const pairs: Array<ClockPair> = []
  let steersSystemClock = settings.systemClock !== "unused"
  let source: string | undefined
  for (const answer of answers) {
    const choice = chooseInDomain(clocksOf(answer, phcOf), settings, steersSystemClock)
    messages.push(...choice.messages)
    pairs.push(...choice.pairs)
    source ??= choice.source
    if (choice.pairs.some(({ sink }) => sink === systemClock)) steersSystemClock = false
  }
  if (answers.length > 1 && source !== undefined) {
    messages.push(selecting(systemClock), info(`selecting ${source} as out-of-domain source clock`))
  }
  return { pairs, messages }
}

interface Clock {
  readonly name: string
  readonly state: SimulatedPortState
}

/** A clock is a source if one of its ports is one: linuxptp phc2sys.c, clock_compute_state. */
const clocksOf = (answer: Ptp4lAnswer, phcOf: (nic: string) => number | undefined): ReadonlyArray<Clock> => {
  const clocks = new Map<number | string, Clock>()
  for (const { nic, state } of answer.ports) {
    const phc = phcOf(nic) ?? nic
    const known = clocks.get(phc)
    const prevails = known === undefined || rank(state) > rank(known.state)
    clocks.set(phc, { name: known?.name ?? nic, state: prevails ? state : known.state })
  }
  return [...clocks.values()]
}

const rank = (state: SimulatedPortState): number => ["UNCALIBRATED", "SLAVE"].indexOf(state)

const chooseInDomain = (
  clocks: ReadonlyArray<Clock>,
  settings: Phc2sysSettings,
  steersSystemClock: boolean
): ClockChoice & { readonly source?: string } => {
  const sinks = clocks.filter(({ state }) => rank(state) < 0).map(({ name }) => name)
  const source = clocks.find(({ state }) => state === "SLAVE")?.name
  const selected = sinks.map(selecting)
  const selectedSource = (name: string) => info(`selecting ${name} as ${sourceClockName(settings.version)}`)
  if (source !== undefined) {
    const steered = steersSystemClock ? [...sinks, systemClock] : sinks
    return {
      source,
      pairs: steered.map((sink) => ({ sink, label: "phc" })),
      messages: [...steered.map(selecting), selectedSource(source)]
    }
  }
  if (sinks.length < clocks.length) {
    return { pairs: [], messages: [...selected, info("source clock not ready, waiting...")] }
  }
  if (settings.systemClock === "sinkOrSource") {
    return {
      pairs: sinks.map((sink) => ({ sink, label: "sys" })),
      messages: [...selected, selectedSource(systemClock)]
    }
  }
  return { pairs: [], messages: [...selected, info("nothing to synchronize")] }
}

const selecting = (clock: string): Message => info(`selecting ${clock} for synchronization`)
