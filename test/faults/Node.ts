/** The node: its daemon, and children that simply run. Every start and stop is checked by ConfigurationLaw. */
import type { ProcessSpec } from "../../src/services/processes/ProcessSpec.ts"
import type { Behaviour } from "../simulation/Behaviour.ts"
import type { Child } from "../simulation/Child.ts"
import { makeChildren } from "../simulation/Children.ts"
import { type Dice, makeDice } from "../simulation/Dice.ts"
import type { Trace } from "../simulation/Trace.ts"
import type { VirtualTime } from "../simulation/VirtualTime.ts"
import type { ConfigurationLaw } from "./ConfigurationLaw.ts"
import { type Daemon, type DaemonOptions, startDaemon } from "./Daemon.ts"

export interface Node {
  readonly daemon: Daemon
  readonly children: () => ReadonlyArray<Child>
  /** What the supervisor was asked for last. */
  readonly wish: () => ReadonlyArray<ProcessSpec> | undefined
  /** As on SIGTERM; true once it is over. From then on nothing is judged. */
  readonly shutdown: () => () => boolean
}

interface NodeOptions extends Pick<DaemonOptions, "api" | "credentials" | "ports"> {
  readonly seed: number
  readonly time: VirtualTime
  readonly trace: Trace
  readonly law: ConfigurationLaw
}

/** Quick, so that what is measured is the client. */
const behaviour = (dice: Dice): Behaviour => ({
  forkMillis: dice.between(0, 20),
  readyAfter: dice.between(5, 200),
  ends: undefined,
  obeysAfter: dice.between(0, 300),
  isMute: false,
  isDeaf: false
})

export const bootNode = ({ law, seed, time, trace: { breach, note }, ...options }: NodeOptions): Node => {
  let wish: ReadonlyArray<ProcessSpec> | undefined
  let isEnding = false
  const children = makeChildren({
    time,
    dice: makeDice(seed ^ 0x5bd1e995),
    behaviour,
    hasNic: () => true,
    witness: {
      onAttempt: (spec) => {
        note(`starts ${spec.id}: ${spec.argv.join(" ")}`)
        law.judgeStart(spec)
      },
      onFailure: (spec, failure) => breach(`${spec.id} is not started: ${failure}`),
      onStart: () => {},
      onReady: ({ spec }) => note(`  ${spec.id} is ready`),
      onSignal: (child, signal) => {
        note(`${signal} to ${child.spec.id}`)
        if (signal === "SIGTERM" && !isEnding) law.judgeStop(child, living())
      },
      onExit: ({ spec }) => note(`  ${spec.id} ends`),
      onPlan: () => {}
    }
  })
  const living = () => [...children.living.values()]
  const process = time.makeProcess(makeDice(seed ^ 0x632be5ab))
  const daemon = startDaemon({
    ...options,
    process,
    runner: children.runnerOf(process),
    answerOn: children.answerOn,
    isHeld: children.isHeld,
    onWish: (desired) => {
      note(`wish: ${desired.map(({ id }) => id).join(" ") || "nothing"}`)
      wish = desired
    },
    onDeath: (program, how) => breach(`${program} is dead: ${how}`)
  })
  return {
    daemon,
    children: living,
    wish: () => wish,
    shutdown: () => {
      isEnding = true
      return daemon.shutdown()
    }
  }
}
