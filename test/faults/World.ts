/** One node, its daemon, its API server and everything between them, and what a fault can do to it. */
import type { ProcessSpec } from "../../src/services/processes/ProcessSpec.ts"
import { nodePTPDevs } from "../../src/services/kubernetes/NodePTPDev.ts"
import type { Behaviour } from "../simulation/Behaviour.ts"
import { makeChildren } from "../simulation/Children.ts"
import { type Dice, makeDice } from "../simulation/Dice.ts"
import { makeTrace } from "../simulation/Trace.ts"
import { makeVirtualTime } from "../simulation/VirtualTime.ts"
import { firstCa } from "./Certificates.ts"
import { makeCluster, someEdit, writtenIn } from "./Cluster.ts"
import { makeConfigurationLaw } from "./ConfigurationLaw.ts"
import { credentialsLayer } from "./Credentials.ts"
import { type ApiLayer, type DaemonPorts, realApi, startDaemon } from "./Daemon.ts"
import type { Exchange } from "./Exchange.ts"
import { makeProxy } from "./Proxy.ts"
import { type Fence, settle } from "./Quiet.ts"
import { makeRequestLaw } from "./RequestLaw.ts"
import { startServer } from "./Server.ts"
import { makeServerState } from "./ServerState.ts"
import { outOfSync } from "./Sync.ts"

/** How many scenarios have their fibers in an order that is drawn. */
const shareOfDrawnOrders = 0.4
const shareOfTls = 0.5
/** One of each watch and one for plain requests. */
const mostConnections = 4
const watchedKinds = ["nodeptpcfgs", "nodes", "nodeptpdevs"]

/** After that a client gives up a connection. */
const longestSilenceMillis = 90_000

/** Enough for everything that ends with the daemon to end. */
const abandonRounds = 20

export interface WorldOptions {
  readonly fence: Fence
  readonly api?: ApiLayer
  readonly isTls?: boolean
  /** Of the daemon's own servers, if it is to have them. */
  readonly ports?: DaemonPorts
}

export type World = Awaited<ReturnType<typeof makeWorld>>

const behaviour = (dice: Dice): Behaviour => ({
  forkMillis: dice.between(0, 20),
  readyAfter: dice.between(5, 200),
  ends: undefined,
  obeysAfter: dice.between(0, 300),
  isMute: false,
  isDeaf: false
})

export const makeWorld = async (seed: number, options: WorldOptions) => {
  // Each part draws from dice of its own, so that one more draw of a fault does not change what others do.
  const dice = makeDice(seed)
  const time = makeVirtualTime(dice.chance(shareOfDrawnOrders) ? makeDice(seed ^ 0x165667b1) : undefined)
  const isTls = dice.chance(shareOfTls)
  const { breach, breaches, lines, note } = makeTrace(time.now)
  const requests = makeRequestLaw({ now: time.now, breach })
  const law = makeConfigurationLaw(breach)
  const serverProcess = time.makeProcess(makeDice(seed ^ 0x27d4eb2f))
  const state = makeServerState(() => law.onWritten(writtenIn(state)))
  const cluster = makeCluster(state, serverProcess, makeDice(seed ^ 0x2545f491))
  const files = { token: "token-1", ca: firstCa }
  let editsToCome = 0
  const edit = () => note(`EDIT ${someEdit(cluster, dice)}`)
  let wish: ReadonlyArray<ProcessSpec> | undefined

  const onRequest = (exchange: Exchange) => {
    const { params, resource, verb } = exchange
    const version = params.get("resourceVersion")
    note(
      `  ${exchange.front.id}: ${verb}${exchange.isFull && verb === "watch" ? " all" : ""} ${resource}` +
        `${version === null ? "" : ` from ${version || "''"}`}${exchange.status === undefined ? "" : ` ${exchange.status}`}`
    )
    requests.onRequest(exchange)
  }
  const proxy = await makeProxy({ time, isTls: options.isTls ?? isTls, onRequest, onConnection: requests.onConnection })
  proxy.tokens.add(files.token)
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
        if (signal === "SIGTERM" && !isEnding) law.judgeStop(child, [...children.living.values()])
      },
      onExit: ({ spec }) => note(`  ${spec.id} ends`),
      onPlan: () => {}
    }
  })
  let isEnding = false
  let server = startServer(serverProcess, state)

  const quiet = {
    fence: options.fence,
    drain: time.drain,
    activity: proxy.activity,
    isBusy: proxy.isBusy,
    isHopeless: requests.isHopeless
  }
  /** Everything happens that can happen without time. */
  const rest = () => settle(quiet)
  /** For something from outside, which takes no virtual time. */
  const resting = async <A>(promise: Promise<A>): Promise<A> => {
    const answered = { isOver: false }
    const end = () => {
      answered.isOver = true
    }
    promise.then(end, end)
    while (!answered.isOver) await rest()
    return promise
  }
  /** Virtual time goes from timer to timer, and waits at each until nothing is on its way. */
  const advance = async (millis: number, isOver: () => boolean = () => false): Promise<boolean> => {
    const end = time.now() + millis
    await rest()
    while (!isOver()) {
      const next = Math.min(time.nextAt() ?? end, end)
      time.advance(next - time.now())
      await rest()
      if (next >= end) return isOver()
    }
    return true
  }
  const untilServed = async () => {
    await rest()
    proxy.backend.url = server.url()
  }
  await untilServed()
  cluster.populate()
  const process = time.makeProcess(makeDice(seed ^ 0x632be5ab))
  const daemon = startDaemon({
    process,
    api: options.api ?? realApi,
    credentials: credentialsLayer(files, { port: proxy.port, isTls: options.isTls ?? isTls }),
    runner: children.runnerOf(process),
    answerOn: children.answerOn,
    ports: options.ports,
    onWish: (desired) => {
      note(`wish: ${desired.map(({ id }) => id).join(" ") || "nothing"}`)
      wish = desired
    },
    onDeath: (program, how) => breach(`${program} is dead: ${how}`)
  })

  /** Nothing is old where nothing was said: whether it would be heard is another question. */
  const isHeard = (resource: string) =>
    proxy.exchanges().some(({ front, isStreaming, resource: watched }) =>
      watched === resource && isStreaming && !front.isStuck
    )
  const whatIsWrong = () => [
    ...outOfSync({ state, daemon, wish, children: [...children.living.values()] }),
    ...watchedKinds.filter((kind) => !isHeard(kind)).map((kind) => `nobody listens to ${kind}`)
  ]
  return {
    dice,
    time,
    note,
    breach,
    breaches,
    lines,
    proxy,
    state,
    cluster,
    daemon,
    files,
    requests,
    isTls: options.isTls ?? isTls,
    law,
    rest,
    resting,
    advance,
    whatIsWrong,
    /** With everything that was to be written. */
    isInSync: () => editsToCome === 0 && whatIsWrong().length === 0,
    edit,
    editLater: (millis: number) => {
      editsToCome += 1
      time.after(millis, () => {
        editsToCome -= 1
        edit()
      })
    },
    /** The node's status object as the server has it. */
    statusObject: () => state.objects(nodePTPDevs)[0],
    judgeConnections: async () => {
      const isFree = () => ![...proxy.fronts].some(({ isStuck }) => isStuck)
      if (!await advance(longestSilenceMillis, isFree)) breach("it keeps a connection on which nothing is heard")
      if (proxy.fronts.size > mostConnections) breach(`${proxy.fronts.size} connections are open`)
    },
    stopServer: () => {
      proxy.stopListening()
      proxy.backend.url = undefined
      for (const front of proxy.fronts) front.reset()
      server.stop()
    },
    startServer: async () => {
      server = startServer(serverProcess, state)
      await untilServed()
      proxy.listenAgain()
      await rest()
    },
    /** After a failure: nothing is judged, and nothing is left. */
    abandon: async () => {
      isEnding = true
      daemon.shutdown()
      server.stop()
      for (let rounds = 0; rounds < abandonRounds; rounds++) {
        proxy.close()
        time.advance(1_000)
        await options.fence.pass()
      }
    },
    close: async () => {
      isEnding = true
      const isOver = daemon.shutdown()
      if (!await advance(10_000, isOver)) breach("the daemon does not end")
      if (proxy.fronts.size > 0) breach(`the daemon left ${proxy.fronts.size} connections open`)
      server.stop()
      await rest()
      proxy.close()
      await rest()
    }
  }
}
