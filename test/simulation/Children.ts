/**
 * The simulated `ProcessRunner`: children in virtual time that follow their `Behaviour`, the NICs and directories that
 * they hold, and what the kernel does with them. The judge sees every step before it has an effect.
 */
import { Deferred, Effect } from "effect"
import {
  type OutputLine,
  type ProcessExit,
  type ProcessRunner,
  ProcessStartError,
  type RunningProcess
} from "../../src/services/processes/ProcessRunner.ts"
import type { ProcessSpec } from "../../src/services/processes/ProcessSpec.ts"
import { type Behaviour, missingNic, type Plan, type StartFailure, talk, usualBehaviour } from "./Behaviour.ts"
import { type Child, makeChild } from "./Child.ts"
import type { Dice } from "./Dice.ts"
import type { VirtualProcess, VirtualTime } from "./VirtualTime.ts"

/** Who watches what the runner is asked for and what becomes of it. */
export interface RunnerWitness {
  readonly onAttempt: (spec: ProcessSpec) => void
  /** There was no process in the end. */
  readonly onFailure: (spec: ProcessSpec, failure: string) => void
  readonly onStart: (child: Child) => void
  readonly onReady: (child: Child) => void
  readonly onSignal: (child: Child, signal: "SIGTERM" | "SIGKILL") => void
  readonly onExit: (child: Child, exit: ProcessExit) => void
  /** A planned behaviour came true. */
  readonly onPlan: (kind: string) => void
}

export interface Children {
  readonly living: ReadonlyMap<number, Child>
  readonly plans: Array<Plan>
  /** What is answered on a management socket. */
  readonly answerOn: (path: string) => "silent" | "running" | "ready"
  /** True if its owner still has the socket, whether it answers or not. */
  readonly isHeld: (path: string) => boolean
  /** From now on every child is well-behaved, also one that is being forked. */
  readonly behave: () => void
  /** The contract, for a daemon that runs as `daemon`. Its children die with it. */
  readonly runnerOf: (daemon: VirtualProcess) => typeof ProcessRunner.Service
}

const startReasons: Readonly<Record<Exclude<StartFailure, "defect">, ProcessStartError["reason"]>> = {
  ENOENT: "ProgramMissing",
  ENOSPC: "FilesNotWritten",
  EAGAIN: "SpawnFailed",
  EMFILE: "SpawnFailed",
  E2BIG: "SpawnFailed"
}
/** From a signal that nobody can ignore to the reap. */
const deathMillis = 1

interface ChildrenOptions {
  readonly time: VirtualTime
  readonly dice: Dice
  readonly hasNic: (name: string) => boolean
  /** Of a child that nothing is planned for. */
  readonly behaviour?: (dice: Dice) => Behaviour
  readonly witness: RunnerWitness
}

export const makeChildren = (
  { behaviour = usualBehaviour, dice, hasNic, time, witness }: ChildrenOptions
): Children => {
  const living = new Map<number, Child>()
  const plans: Array<Plan> = []
  let lastPid = 1_000
  /** Counts the times that all had to behave. */
  let calms = 0

  const nextPlan = (spec: ProcessSpec): Plan | undefined => {
    const index = plans.findIndex(({ id }) => id === spec.id)
    const plan = plans[index]
    if (plan === undefined) return undefined
    plan.times -= 1
    if (plan.times <= 0) plans.splice(index, 1)
    witness.onPlan(plan.kind)
    return plan
  }

  const behaviourOf = (spec: ProcessSpec, plan: Plan | undefined): Behaviour => {
    const usual = behaviour(dice)
    const planned = plan?.change?.(usual, plan.times) ?? usual
    const lacksNic = spec.program !== "phc2sys" && !spec.interfaces.every(hasNic)
    return lacksNic && planned.ends === undefined ? { ...planned, ends: missingNic, readyAfter: undefined } : planned
  }

  const canFollow = (spec: ProcessSpec) =>
    spec.after.every((id) => [...living.values()].some((other) => other.spec.id === id && !other.isDeaf))

  const live = (child: Child, { ends, readyAfter }: Behaviour) => {
    living.set(child.pid, child)
    witness.onStart(child)
    child.print(talk(child.spec.program, time.now()))
    if (readyAfter !== undefined) time.after(readyAfter, child.becomeReady)
    if (ends === undefined) return
    time.after(ends.after, () => {
      for (const line of ends.words.split("\n")) child.print(line, "stderr")
      child.end(ends.exit)
    })
  }

  const signal = (child: Child, name: "SIGTERM" | "SIGKILL") => {
    if (!living.has(child.pid)) return
    witness.onSignal(child, name)
    if (name === "SIGKILL") {
      child.killAt ??= time.now()
      time.after(deathMillis, () => child.end({ signal: "SIGKILL" }))
    } else {
      child.termAt ??= time.now()
      if (child.obeysAfter === undefined) return
      if (child.obeysAfter === 0) child.end({ code: 0 })
      else time.after(child.obeysAfter, () => child.end({ code: 0 }))
    }
  }

  const runnerOf = (daemon: VirtualProcess) => ({
    start: Effect.fnUntraced(function*(spec: ProcessSpec, onLine: (line: OutputLine) => void) {
      witness.onAttempt(spec)
      const askedAt = time.now()
      const calmsBefore = calms
      const plan = nextPlan(spec)
      const planned = behaviourOf(spec, plan)
      if (planned.forkMillis > 0) yield* Effect.sleep(planned.forkMillis)
      const behaviour = calms === calmsBefore ? planned : behaviourOf(spec, undefined)
      if (plan?.failure !== undefined) {
        witness.onFailure(spec, plan.failure)
        if (plan.failure === "defect") return yield* Effect.die(new Error("simulated defect"))
        const reason = startReasons[plan.failure]
        return yield* new ProcessStartError({ id: spec.id, program: spec.program, reason, detail: plan.failure })
      }
      const exit = Deferred.makeUnsafe<ProcessExit>()
      const pid = ++lastPid
      const child = makeChild({
        pid,
        spec,
        askedAt,
        behaviour,
        time,
        isLiving: () => living.has(pid),
        canWork: () => canFollow(spec),
        onLine: (line) => {
          daemon.deliver(() => onLine(line))
        },
        onReady: witness.onReady,
        onEnd: (ended, how) => {
          living.delete(pid)
          witness.onExit(ended, how)
          const notice = () => daemon.deliver(() => Deferred.doneUnsafe(exit, Effect.succeed(how)))
          if (ended.outlivedBy === 0) notice()
          else time.after(ended.outlivedBy, notice)
        }
      })
      live(child, behaviour)
      return {
        pid: child.pid,
        scheduling: Effect.succeed(undefined),
        vitals: Effect.sync(() => living.has(pid) ? child.vitals() : undefined),
        exit: Deferred.await(exit),
        signal: (name) => Effect.sync(() => signal(child, name))
      } satisfies RunningProcess
    }, Effect.uninterruptible)
  })

  const answerOn = (path: string) => {
    const owner = [...living.values()].find(({ spec }) => spec.management?.path === path)
    return owner === undefined ? "silent" : owner.answer()
  }
  const isHeld = (path: string) =>
    [...living.values()].some(({ isDeaf, spec }) => !isDeaf && spec.management?.path === path)
  const behave = () => {
    plans.length = 0
    calms += 1
  }
  return { living, plans, answerOn, isHeld, behave, runnerOf }
}
