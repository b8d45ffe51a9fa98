/** Tokens and certificates that change while the daemon runs, not always in the right order. */
import type { Certificate } from "./Certificates.ts"
import { firstCa, secondCa } from "./Certificates.ts"
import { type Fault, provoke, someWhile } from "./Fault.ts"
import type { World } from "./World.ts"

const nextToken = ({ files }: World) => `token-${Number(files.token.replace("token-", "")) + 1}`

const rotatingToken = (kind: string, begin: (world: World, next: string) => () => void): Fault => ({
  kind,
  start: (world) => {
    world.note(`FAULT ${kind}`)
    const end = begin(world, nextToken(world))
    provoke(world)
    return { lastsMillis: someWhile(world), end }
  }
})

const accept = ({ proxy }: World, token: string) => {
  proxy.tokens.clear()
  proxy.tokens.add(token)
}

/** New connections are shown another certificate, and there are no old ones: the server was restarted with it. */
const showing = (
  kind: string,
  certificate: Certificate,
  during: (world: World) => void,
  after: (world: World) => void
) =>
  ({
    kind,
    start: (world) => {
      if (!world.isTls) return undefined
      world.note(`FAULT ${kind}`)
      during(world)
      world.proxy.certificate = certificate
      for (const front of world.proxy.fronts) front.reset()
      world.edit()
      return { lastsMillis: someWhile(world), end: () => after(world) }
    }
  }) satisfies Fault

const bundle = ({ files }: World) => {
  files.ca = `${firstCa}${secondCa}`
}

/** The other CA of the two signs from now on. */
const rotatingCa = (kind: string, isFileFirst: boolean): Fault => ({
  kind,
  start: (world) => {
    const isFirst = world.proxy.certificate === "byFirst"
    const newFile = () => {
      world.files.ca = isFirst ? secondCa : firstCa
    }
    return showing(kind, isFirst ? "bySecond" : "byFirst", isFileFirst ? bundle : () => {}, newFile).start(world)
  }
})

const showAgain = ({ files, proxy }: World) => {
  proxy.certificate = files.ca === secondCa ? "bySecond" : "byFirst"
}

export const credentialFaults: ReadonlyArray<Fault> = [
  rotatingToken("the token is renewed, and the old one ends later", (world, next) => {
    world.files.token = next
    world.proxy.tokens.add(next)
    return () => accept(world, next)
  }),
  rotatingToken("the old token ends before there is a new one", (world, next) => {
    accept(world, next)
    return () => {
      world.files.token = next
    }
  }),
  rotatingToken("the new token is not accepted yet, and the old one not any more", (world, next) => {
    world.files.token = next
    world.proxy.tokens.clear()
    return () => accept(world, next)
  }),
  rotatingToken("the token's file is empty for a while", (world) => {
    const { token } = world.files
    world.files.token = ""
    return () => {
      world.files.token = token
    }
  }),
  rotatingCa("another CA signs, and its file comes later", false),
  rotatingCa("another CA signs, and the file has both", true),
  showing("the certificate is expired", "expired", () => {}, showAgain),
  showing("the certificate is not valid yet", "notYetValid", () => {}, showAgain),
  showing("the CA's file is broken for a while", "byFirst", (world) => {
    world.proxy.certificate = world.files.ca === secondCa ? "bySecond" : "byFirst"
    world.files.ca = world.files.ca.slice(0, 100)
  }, (world) => {
    world.files.ca = world.proxy.certificate === "bySecond" ? secondCa : firstCa
  })
]
