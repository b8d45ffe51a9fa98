/**
 * The daemon of the simulated node over several lives: it is booted, told about changes, ended, and compared with what
 * should run.
 */
import { Cause, Equal, Exit, Option } from "effect"
import type { ProcessSpec } from "../../src/services/processes/ProcessSpec.ts"
import type { ProcessStatus } from "../../src/services/processes/ProcessSupervisor.ts"
import type { Children } from "../simulation/Children.ts"
import type { Dice } from "../simulation/Dice.ts"
import { firstVersion } from "../simulation/SimulatedNode.ts"
import type { Trace } from "../simulation/Trace.ts"
import type { VirtualTime } from "../simulation/VirtualTime.ts"
import type { Cluster } from "./Cluster.ts"
import { makeExpectation, withoutReplacements } from "./Expectation.ts"
import { type Host, interfacesOf, makeFacts } from "./Host.ts"
import { type Judge, shutdownMillis } from "./Judge.ts"
import { isAsDesired, type SimulatedDaemon, startDaemon } from "./SimulatedDaemon.ts"

/** Of a version that does not start, before an earlier one runs instead. */
const leastErrors = 3
/** From a change to the wish. */
const decisionMillis = 1_000

export interface NodeDaemon {
  readonly boot: () => void
  /** Everything that changed is told to it, as the API server and the kernel would. */
  readonly publish: () => void
  /** As SIGTERM does, up to the end. */
  readonly shutdown: () => void
  /** As SIGKILL does. What is left of it dies with it: the kernel sees to that, or the next daemon's sweep. */
  readonly kill: () => void
  /** As SIGSTOP does, and SIGCONT after so long. */
  readonly pause: (millis: number) => void
  /** No daemon starts beside what an earlier one left (RunDirectory): the kubelet tries until it is gone. */
  readonly awaitLeftOvers: () => void
  /** Any of these. */
  readonly expected: () => ReadonlyArray<ReadonlyArray<ProcessSpec>>
  /** Whatever goes on with the processes, it wants what is written, or what was last valid of it. */
  readonly judgeWish: () => void
  readonly isSettled: (expected: ReadonlyArray<ReadonlyArray<ProcessSpec>>) => boolean
  readonly statuses: () => ReadonlyArray<ProcessStatus>
  /** Objects of which an earlier version runs. */
  readonly rolledBack: SimulatedDaemon["rolledBack"]
}

const isAsExpected = (wish: ReadonlyArray<ProcessSpec>, expected: ReadonlyArray<ReadonlyArray<ProcessSpec>>) =>
  expected.some((specs) => Equal.equals(withoutReplacements(wish), specs))

export const specsText = (specs: ReadonlyArray<ProcessSpec>): string =>
  specs.map(({ argv }) => argv.join(" ")).join("; ")

interface NodeDaemonOptions {
  readonly time: VirtualTime
  readonly dice: Dice
  readonly trace: Trace
  readonly judge: Judge
  readonly children: Children
  readonly cluster: Cluster
  readonly host: Host
}

export const makeNodeDaemon = (
  { children, cluster, dice, host, judge, time, trace }: NodeDaemonOptions
): NodeDaemon => {
  const { breach, note } = trace
  const facts = makeFacts(cluster, host)
  const expectation = makeExpectation()
  let daemon: SimulatedDaemon | undefined
  /** The one that the daemon found, and keeps. */
  let knownVersion = firstVersion
  /** Undefined until it has wanted something. */
  let wish: ReadonlyArray<ProcessSpec> | undefined
  let toldAt = 0

  const findLinuxptp = () => {
    if (Option.isSome(host.linuxptp)) knownVersion = host.linuxptp.value
    return host.linuxptp
  }

  const onWish = (desired: ReadonlyArray<ProcessSpec>) => {
    note(`wish: ${desired.map(({ id }) => id).join(" ") || "nothing"}`)
    judge.wish(desired)
    // What it saw before its first decision it does not remember.
    if (wish === undefined && !host.isApiSilent) expectation.shown(cluster.configs.values(), cluster.labels())
    wish = desired
  }

  const publish = () => {
    toldAt = time.now()
    if (daemon === undefined) return
    if (wish !== undefined && !host.isApiSilent) expectation.shown(cluster.configs.values(), cluster.labels())
    daemon.tell(facts())
  }

  const boot = () => {
    note("the daemon starts")
    expectation.reboot(host.disk)
    wish = undefined
    const process = time.makeProcess(dice)
    const runner = children.runnerOf(process)
    daemon = startDaemon({
      process,
      facts: facts(),
      linuxptp: findLinuxptp,
      runner,
      answerOn: children.answerOn,
      isHeld: children.isHeld,
      load: () => host.disk,
      loadMillis: host.loadMillis,
      save: (knownGood) => {
        if (!host.isDiskFull) host.disk = Option.some(knownGood)
        return !host.isDiskFull
      },
      onWish
    })
    publish()
  }

  const bury = () => {
    daemon?.process.kill()
    daemon = undefined
    for (const child of children.living.values()) child.end({ signal: "SIGKILL" })
    judge.onDaemonEnd()
  }

  const judgeExit = (exit: Exit.Exit<void>) => {
    const left = [...children.living.values()]
    const said = Exit.isSuccess(exit) ? "" : Cause.pretty(exit.cause)
    if (Exit.isFailure(exit) && left.length === 0) breach(`the shutdown fails, and no child is left: ${said}`)
    for (const { isStuck, pid } of left) {
      if (!said.includes(`${pid}`)) breach(`the shutdown left pid ${pid} without a word`)
      if (!isStuck) breach(`the shutdown left pid ${pid}, which could have been reaped`)
    }
  }

  const shutdown = () => {
    if (daemon === undefined) return
    note("the daemon is told to end")
    const end = time.now() + shutdownMillis
    judge.onShutdown()
    daemon.shutdown()
    while (daemon.ended() === undefined && time.now() <= end) time.advance(1)
    const exit = daemon.ended()
    if (exit === undefined) breach(`the shutdown takes longer than ${shutdownMillis} ms`)
    else judgeExit(exit)
    note("the daemon is gone")
    bury()
  }

  const expected = (isTroubled?: (id: string) => boolean) =>
    expectation.processes({
      ...(isTroubled === undefined ? {} : { isTroubled }),
      configs: cluster.configs.values(),
      labels: cluster.labels(),
      interfaces: interfacesOf(host),
      version: knownVersion
    })

  const hasNic = (id: string) =>
    wish?.find((spec) => spec.id === id)?.interfaces.some((nic) => host.nics.has(nic)) === true
  /** A ptp4l that a phc2sys for all of them may leave out: its NIC is or was gone, it keeps ending, or it hangs. */
  const isTroubled = (id: string) =>
    !hasNic(id) || judge.deathsOf(id) >= leastErrors ||
    ![...children.living.values()].some(({ hang, isStuck, readyAt, spec }) =>
      spec.id === id && readyAt !== undefined && hang === undefined && !isStuck
    )
  const deadSource = (specs: ReadonlyArray<ProcessSpec>) =>
    specs.flatMap(({ after }) => after.some(hasNic) ? after.filter((id) => !hasNic(id)) : [])[0]

  return {
    boot,
    publish,
    shutdown,
    kill: () => {
      note("the daemon is killed")
      bury()
    },
    pause: (millis) => {
      note(`the daemon is stopped for ${millis} ms`)
      daemon?.process.stop()
      time.advance(millis)
      note("the daemon goes on")
      judge.onBack(millis)
      daemon?.process.goOn()
      toldAt = time.now()
    },
    awaitLeftOvers: () => {
      while (children.living.size > 0) time.advance(1_000)
    },
    expected: () => expected(),
    judgeWish: () => {
      if (daemon === undefined || wish === undefined || host.isApiSilent) return
      if (time.now() < toldAt + decisionMillis) return
      const dead = deadSource(wish)
      if (dead !== undefined) breach(`phc2sys is to follow ${dead}, whose NIC is gone, although there is another one`)
      if (isAsExpected(wish, expected(isTroubled))) return
      // It never worked, so what did goes on until the NIC is there.
      const isNicAway = [...cluster.configs.values()].some(({ mistake, name, profile }) => {
        const nic = profile["interface"]
        const isAway = nic !== undefined && !host.nics.has(nic)
        // The version before the typo may not have started either.
        return isAway || (mistake === "nic" && judge.failedStarts(name) >= leastErrors)
      })
      const hasMistake = [...cluster.configs.values()].some(({ mistake }) => mistake !== undefined)
      if (isNicAway && (hasMistake || daemon.isWaitingForNic())) return
      const rolledBack = daemon.rolledBack()
      const unfounded = rolledBack.find(({ config }) => judge.failedStarts(config) < leastErrors)
      if (unfounded !== undefined) {
        breach(`${unfounded.config} was rolled back without ${leastErrors} failed starts in a row`)
      }
      if (rolledBack.length > 0) {
        note(`rolled back: ${rolledBack.map(({ config }) => config).join(" ")}`)
        return
      }
      breach(`the daemon does not want what is written: ${specsText(expected()[0] ?? [])}`)
    },
    isSettled: (specs) =>
      daemon !== undefined && wish !== undefined && isAsExpected(wish, specs) &&
      isAsDesired(wish, [...children.living.values()], daemon.statuses()),
    rolledBack: () => daemon?.rolledBack() ?? [],
    statuses: () => daemon?.statuses() ?? []
  }
}
