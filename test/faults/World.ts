/** One node, its daemon, its API server and everything between them, with functions for faults to change it. */
import { makeDice } from "../simulation/Dice.ts"
import { makeTrace } from "../simulation/Trace.ts"
import { makeVirtualTime } from "../simulation/VirtualTime.ts"
import { firstCa } from "./Certificates.ts"
import { makeCluster, writtenIn } from "./Cluster.ts"
import { makeConfigurationLaw } from "./ConfigurationLaw.ts"
import { credentialsLayer } from "./Credentials.ts"
import { type ApiLayer, type DaemonPorts, realApi } from "./Daemon.ts"
import { makeDriver } from "./Driver.ts"
import { exchangeText } from "./Exchange.ts"
import { bootNode } from "./Node.ts"
import { makeProxy } from "./Proxy.ts"
import type { Fence } from "./Quiet.ts"
import { makeRequestLaw } from "./RequestLaw.ts"
import { startServer } from "./Server.ts"
import { makeServerState } from "./ServerState.ts"
import { outOfSync } from "./Sync.ts"
import { makeWriters } from "./Writers.ts"

/** How many scenarios have their fibers in an order that is drawn. */
const shareOfDrawnOrders = 0.4
const shareOfTls = 0.5
/** One of each watch and one for plain requests. */
const mostConnections = 4
/** After that a client gives up a connection. */
const longestSilenceMillis = 90_000
const longestShutdownMillis = 10_000
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

/** What there is before the daemon: time, laws, the API server and the way to it. */
const makeSurroundings = async (seed: number, options: WorldOptions) => {
  // Each part draws from dice of its own, so that one more draw of a fault does not change what others do.
  const dice = makeDice(seed)
  const time = makeVirtualTime(dice.chance(shareOfDrawnOrders) ? makeDice(seed ^ 0x165667b1) : undefined)
  const drawnTls = dice.chance(shareOfTls)
  const isTls = options.isTls ?? drawnTls
  const trace = makeTrace(time.now)
  const requests = makeRequestLaw({ now: time.now, breach: trace.breach })
  const law = makeConfigurationLaw(trace.breach)
  const serverProcess = time.makeProcess(makeDice(seed ^ 0x27d4eb2f))
  const state = makeServerState(() => law.onWritten(writtenIn(state)))
  const cluster = makeCluster(state, serverProcess, makeDice(seed ^ 0x2545f491))
  const proxy = await makeProxy({
    time,
    isTls,
    onRequest: (exchange) => {
      trace.note(exchangeText(exchange))
      requests.onRequest(exchange)
    },
    onConnection: requests.onConnection
  })
  const driver = makeDriver(time, {
    fence: options.fence,
    activity: proxy.activity,
    isBusy: proxy.isBusy,
    isHeldUp: proxy.isHeldUp,
    isHopeless: requests.isHopeless
  })
  return { dice, time, isTls, trace, requests, law, serverProcess, state, cluster, proxy, driver }
}

export const makeWorld = async (seed: number, options: WorldOptions) => {
  const surroundings = await makeSurroundings(seed, options)
  const { cluster, dice, driver, isTls, law, proxy, requests, serverProcess, state, time, trace } = surroundings
  const { breach, note } = trace
  const { advance, rest } = driver
  const files = { token: "token-1", ca: firstCa }
  proxy.tokens.add(files.token)
  let server = startServer(serverProcess, state)
  const untilServed = async () => {
    await rest()
    proxy.backend.url = server.url()
  }
  await untilServed()
  cluster.populate()
  const { areDone, ...writers } = makeWriters({ cluster, dice, time, note })
  const node = bootNode({
    seed,
    time,
    trace,
    law,
    api: options.api ?? realApi,
    credentials: credentialsLayer(files, { port: proxy.port, isTls }),
    ports: options.ports
  })
  const whatIsWrong = () => outOfSync({ state, node, proxy })
  return {
    ...trace,
    ...driver,
    ...writers,
    dice,
    time,
    proxy,
    state,
    cluster,
    daemon: node.daemon,
    files,
    requests,
    isTls,
    law,
    whatIsWrong,
    /** With everything that was to be written. */
    isInSync: () => areDone() && whatIsWrong().length === 0,
    judgeConnections: async () => {
      // What an older certificate was used with stays until it was idle for a minute.
      const isFew = () => proxy.fronts.size <= mostConnections
      const isFree = () => ![...proxy.fronts].some(({ isStuck }) => isStuck)
      if (await advance(longestSilenceMillis, () => isFew() && isFree())) return
      breach(isFew() ? "it keeps a connection on which nothing is heard" : `${proxy.fronts.size} connections are open`)
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
      node.shutdown()
      server.stop()
      for (let rounds = 0; rounds < abandonRounds; rounds++) {
        proxy.close()
        time.advance(1_000)
        await options.fence.pass()
      }
    },
    close: async () => {
      if (!await advance(longestShutdownMillis, node.shutdown())) breach("the daemon does not end")
      if (proxy.fronts.size > 0) breach(`the daemon left ${proxy.fronts.size} connections open`)
      server.stop()
      await rest()
      proxy.close()
      await rest()
    }
  }
}
