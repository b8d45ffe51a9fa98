import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Option } from "effect"
import { TestClock } from "effect/testing"
import { readFileSync } from "node:fs"
import { inspect } from "node:util"
import { nodePTPDevs } from "../../../../src/services/kubernetes/NodePTPDev.ts"
import { kubeConfigFolder, oneContext } from "../KubeConfigFolder.ts"
import { scriptedTlsApiServer } from "../ScriptedApiServer.ts"
import { buildApi } from "../ScriptedClient.ts"
import { devices } from "../ScriptedDevice.ts"
import { tlsFixtures } from "../TlsFixtures.ts"

const version = "client.authentication.k8s.io/v1"
const credential = (status: unknown, apiVersion = version) =>
  JSON.stringify({ apiVersion, kind: "ExecCredential", status })
const exec = (more = "", command = "./plugin") => `{exec: {apiVersion: ${version}, command: ${command}${more}}}`

/** In each of the ways in which programs take one. */
const secretArguments =
  ", args: [get-token, '--oidc-client-secret=S3CRET-a', --password, S3CRET-b, -q, -pS3CRET-f, 'S3CRET c\"d\"', '']"

/** A user with a plug-in that counts its runs and prints what `says` holds. */
const plugged = Effect.fnUntraced(function*(says: string, user = exec(), cluster = `{server: "https://lab:6443"}`) {
  const folder = yield* kubeConfigFolder
  yield* folder.script("plugin", `cd ${folder.directory}; echo run >>runs; cat says`)
  yield* folder.write("runs", "")
  yield* folder.write("says", says)
  yield* folder.write("config", oneContext(cluster, user))
  const credentials = yield* folder.credentials()
  return {
    folder,
    credentials,
    says: (text: string) => folder.write("says", text),
    runs: Effect.map(folder.read("runs"), (text) => text.split("\n").length - 1),
    authorization: (renew = false) => Effect.map(credentials.headers({ renew }), (headers) => headers["authorization"])
  }
})

/** What the user is told when the script is `text`. */
const told = Effect.fnUntraced(function*(text: string, user = exec()) {
  const { credentials, folder } = yield* plugged("", user)
  yield* folder.script("plugin", text)
  return (yield* Effect.flip(credentials.headers({ renew: false }))).message
})

describe("an exec plug-in", () => {
  it.effect("is run once for many requests, and again after a refusal", () =>
    Effect.gen(function*() {
      const { authorization, runs, says } = yield* plugged(credential({ token: "one" }))
      for (let request = 0; request < 5; request++) assert.strictEqual(yield* authorization(), "Bearer one")
      assert.strictEqual(yield* runs, 1)
      yield* says(credential({ token: "two" }))
      yield* TestClock.adjust("1 hour")
      assert.strictEqual(yield* authorization(), "Bearer one")
      assert.strictEqual(yield* authorization(true), "Bearer two")
      assert.strictEqual(yield* authorization(), "Bearer two")
      assert.strictEqual(yield* runs, 2)
    }))

  it.effect("is run once for several connections that were refused together", () =>
    Effect.gen(function*() {
      const { authorization, runs, says } = yield* plugged(credential({ token: "one" }))
      yield* authorization()
      yield* says(credential({ token: "two" }))
      const renewed = yield* Effect.all([1, 2, 3, 4].map(() => authorization(true)), { concurrency: "unbounded" })
      assert.deepStrictEqual(new Set(renewed), new Set(["Bearer two"]))
      assert.strictEqual(yield* runs, 2)
    }))

  it.effect("is run again when its credential has ended, by monotonic time", () =>
    Effect.gen(function*() {
      // The test's wall clock begins in 1970.
      const { authorization, runs, says } = yield* plugged(
        credential({ token: "one", expirationTimestamp: "1970-01-01T00:10:00Z" })
      )
      assert.strictEqual(yield* authorization(), "Bearer one")
      yield* says(credential({ token: "two", expirationTimestamp: "1970-01-01T00:20:00Z" }))
      yield* TestClock.adjust("599 seconds")
      assert.strictEqual(yield* authorization(), "Bearer one")
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* authorization(), "Bearer two")
      assert.strictEqual(yield* runs, 2)
    }))

  it.effect("whose credential is over already by a wrong clock is not run for each request", () =>
    Effect.gen(function*() {
      const { authorization, runs } = yield* plugged(
        credential({ token: "one", expirationTimestamp: "1969-01-01T00:00:00Z" })
      )
      for (let request = 0; request < 5; request++) yield* authorization()
      assert.strictEqual(yield* runs, 1)
      yield* TestClock.adjust("10 seconds")
      yield* authorization()
      assert.strictEqual(yield* runs, 2)
    }))

  it.effect("may give a client certificate", () =>
    Effect.gen(function*() {
      const { authorization, credentials, runs } = yield* plugged(
        credential({ clientCertificateData: "CERT", clientKeyData: "KEY", token: null })
      )
      assert.deepStrictEqual(yield* credentials.tls, { cert: "CERT", key: "KEY", skipVerify: false })
      assert.isUndefined(yield* authorization())
      assert.strictEqual(yield* runs, 1)
    }))

  it.effect("is told in KUBERNETES_EXEC_INFO what is asked, and has its variables and arguments", () =>
    Effect.gen(function*() {
      const { authorization, folder } = yield* plugged(
        credential({ token: "one" }),
        exec(", provideClusterInfo: true, args: [get-token, '--now'], env: [{name: PROFILE, value: lab}]"),
        `{server: "https://lab:6443", tls-server-name: api.lab, certificate-authority-data: Q0E=}`
      )
      yield* folder.script(
        "plugin",
        `cd ${folder.directory}; printf '%s' "$KUBERNETES_EXEC_INFO" >info; printf '%s' "$PROFILE $*" >arguments; cat says`
      )
      yield* authorization()
      assert.deepStrictEqual(JSON.parse(yield* folder.read("info")), {
        apiVersion: version,
        kind: "ExecCredential",
        spec: {
          interactive: false,
          cluster: {
            server: "https://lab:6443",
            "tls-server-name": "api.lab",
            "certificate-authority-data": "Q0E="
          }
        }
      })
      assert.strictEqual(yield* folder.read("arguments"), "lab get-token --now")
    }))
})

describe("an exec plug-in that fails", () => {
  it.effect("is told with its words, is run again by the next request, and heals", () =>
    Effect.gen(function*() {
      const { authorization, credentials, folder } = yield* plugged(credential({ token: "one" }))
      yield* folder.script("plugin", "echo 'please log in:' >&2; echo '  az login' >&2; exit 3")
      for (let attempt = 0; attempt < 2; attempt++) {
        assert.strictEqual(
          (yield* Effect.flip(credentials.headers({ renew: false }))).message,
          `no Kubernetes credentials from the exec plug-in ${folder.pathOf("plugin")}: ` +
            "it ended with 3: please log in: az login"
        )
      }
      yield* folder.script("plugin", `cat ${folder.pathOf("says")}`)
      assert.strictEqual(yield* authorization(), "Bearer one")
    }))

  it.effect.each(
    [
      ["prints nothing", "", /it did not print an ExecCredential$/],
      ["prints rubbish", "echo '{'; echo '<html>'", /it did not print an ExecCredential$/],
      ["prints a great deal", "head -c 3000000 /dev/zero", /it did not print an ExecCredential$/],
      [
        "prints no status",
        `echo '{"apiVersion": "${version}", "kind": "ExecCredential"}'`,
        /did not print an ExecCredential$/
      ],
      [
        "prints another version",
        `echo '${credential({ token: "x" }, "client.authentication.k8s.io/v1beta1")}'`,
        /it printed client\.authentication\.k8s\.io\/v1beta1, not client\.authentication\.k8s\.io\/v1$/
      ],
      ["has nothing to give", `echo '${credential({})}'`, /neither a token nor a certificate with its key$/],
      ["gives half a certificate", `echo '${credential({ clientCertificateData: "x" })}'`, /neither a token nor/],
      [
        "would forge a header",
        `printf %s '${credential({ token: "a\r\nX: y" })}'`,
        /its token is not one word of ASCII$/
      ],
      ["complains on success", "echo why >&2", /it did not print an ExecCredential: why$/]
    ] as const
  )("because it %s is a retryable error", ([, text, expected]) =>
    Effect.gen(function*() {
      assert.match(yield* told(text), expected)
    }))

  it.effect("because it is not installed says so, with the hint of the kubeconfig", () =>
    Effect.gen(function*() {
      assert.strictEqual(
        yield* told("", exec(", installHint: 'Install it by: pip install it'", "no-such-plugin")),
        "no Kubernetes credentials from the exec plug-in no-such-plugin: " +
          "it is not installed. Install it by: pip install it"
      )
    }))

  it.effect("because it is killed says how", () =>
    Effect.gen(function*() {
      assert.match(yield* told("kill -9 $$", exec(secretArguments)), /plugin: it was ended by SIGKILL$/)
    }))

  it.effect("because it cannot be started says why, and no argument", () =>
    Effect.gen(function*() {
      const { credentials, folder } = yield* plugged("", exec(secretArguments))
      yield* folder.remove("plugin")
      yield* folder.write("plugin", "not executable")
      const error = yield* Effect.flip(credentials.headers({ renew: false }))
      assert.match(error.message, /the exec plug-in \S+\/plugin: it cannot be run: EACCES$/)
      assert.notInclude(inspect(error), "S3CRET")
    }))

  it.effect.each(
    [
      ["a file stands where its folder should", exec(secretArguments, "./config/plugin"), /ENOTDIR/],
      ["its arguments are too long", exec(`, args: [S3CRET${"x".repeat(200_000)}]`), /E2BIG/],
      ["an argument has a NUL", exec(`, args: ["S3CRET\\0"]`), /BadArgument/]
    ] as const
  )("because %s is a retryable error that shows no argument", ([, user, expected]) =>
    Effect.gen(function*() {
      const message = yield* told("", user)
      assert.match(message, expected)
      assert.notInclude(message, "S3CRET")
    }))

  it.effect.each(
    [
      ["ends", "exit 1", "it ended with 1: "],
      ["prints no credential", "exit 0", "it did not print an ExecCredential: "]
    ] as const
  )(
    "because it %s and complains of its arguments shows none of their values",
    ([, end, expected]) =>
      Effect.gen(function*() {
        const user = exec(`${secretArguments}, env: [{name: PW, value: S3CRET-e}, {name: EMPTY, value: ""}]`)
        assert.include(
          yield* told(`echo "bad $*, $PW or login$PW" >&2; ${end}`, user),
          `${expected}bad *** --oidc-client-secret=*** --password *** -q -p*** *** , *** or login***`
        )
      })
  )

  it.effect("because it wants a person is not run", () =>
    Effect.gen(function*() {
      assert.match(yield* told("", exec(", interactiveMode: Always")), /interactiveMode is Always, and nobody is here/)
    }))

  it.effect("because the kubeconfig says nothing of it is told", () =>
    Effect.gen(function*() {
      assert.match(yield* told("", "{exec: {args: [a]}}"), /its exec needs an apiVersion and a command$/)
    }))

  it.effect("because it hangs is killed after 25 s with all it started, and the event loop goes on", () =>
    Effect.gen(function*() {
      const { credentials, folder } = yield* plugged("")
      yield* folder.script("plugin", `cd ${folder.directory}; sleep 1000 & echo $! >grandchild; echo $$ >child; wait`)
      const failure = yield* Effect.forkChild(Effect.flip(credentials.headers({ renew: false })))
      const started: Effect.Effect<string> = Effect.suspend(() =>
        folder.read("child").pipe(
          Effect.orElseSucceed(() => ""),
          Effect.flatMap((text) => text === "" ? tick(started) : Effect.succeed(text))
        )
      )
      const pids = [Number(yield* started), Number(yield* folder.read("grandchild"))]
      assert.deepStrictEqual(pids.map(isAlive), [true, true])
      yield* TestClock.adjust("25 seconds")
      assert.match((yield* Fiber.join(failure)).message, /no credential in 25s: does it want to ask somebody\?$/)
      const gone: Effect.Effect<void> = Effect.suspend(() => pids.some(isAlive) ? tick(gone) : Effect.void)
      yield* gone
    }))
})

/** One turn of the event loop. */
const tick = <A>(next: Effect.Effect<A>): Effect.Effect<A> =>
  Effect.andThen(Effect.callback<void>((resume) => void setImmediate(() => resume(Effect.void))), next)

/** A zombie is dead: its parent will see to it. */
const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"))
  } catch {
    return false
  }
}

describe("a client with an exec plug-in", () => {
  it.effect("goes on with a new token after a 401, over real TLS", () =>
    Effect.gen(function*() {
      const pem = yield* tlsFixtures
      const server = yield* scriptedTlsApiServer({ cert: pem.nextServer, key: pem.key })
      const folder = yield* kubeConfigFolder
      yield* folder.write("ca.pem", pem.nextCa)
      yield* folder.write("says", credential({ token: "one" }))
      yield* folder.script("plugin", `cat ${folder.pathOf("says")}`)
      yield* folder.write("config", oneContext(`{server: "${server.url}", certificate-authority: ca.pem}`, exec()))
      const api = yield* buildApi(Layer.orDie(folder.layer))
      const found = yield* Effect.forkChild(api.get(nodePTPDevs, "worker-1"))
      const first = yield* server.next
      assert.strictEqual(first.headers.authorization, "Bearer one")
      yield* folder.write("says", credential({ token: "two" }))
      yield* first.answer(401, { kind: "Status", code: 401 })
      const second = yield* server.next
      assert.deepStrictEqual([second.headers.authorization, second.connection], ["Bearer two", 1])
      yield* second.answer(200, devices)
      assert.isTrue(Option.isSome(yield* Fiber.join(found)))
    }))
})
