import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect, Option } from "effect"
import * as Settings from "../../src/services/Settings.ts"

const read = (env: Readonly<Record<string, string>>, hostname: Option.Option<string> = Option.none()) =>
  Effect.provide(
    Effect.gen(function*() {
      return yield* Settings.config({ hostname })
    }),
    ConfigProvider.layer(ConfigProvider.fromEnv({ env: { ...env } }))
  )

describe("Settings", () => {
  it.effect("has the contract's defaults when only the node is named", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* read({ NODE_NAME: "worker-1" }), {
        nodeName: "worker-1",
        podName: undefined,
        namespace: "ptp",
        runDirectory: "/var/run/linuxptp-daemon",
        stateDirectory: "/var/lib/linuxptp-daemon",
        sysfsRoot: "/sys",
        metricsPort: 9091,
        healthPort: 8081,
        logLevel: "Info",
        logFormat: "json"
      })
    }))

  it.effect("takes every setting from the environment, levels in either spelling", () =>
    Effect.gen(function*() {
      const settings = yield* read({
        NODE_NAME: "worker-1",
        POD_NAMESPACE: "clocks",
        LINUXPTP_RUN_DIR: "/run/a",
        LINUXPTP_STATE_DIR: "/run/b",
        SYSFS_ROOT: "/run/c",
        METRICS_PORT: "0",
        HEALTH_PORT: "65535",
        LOG_LEVEL: "debug",
        LOG_FORMAT: "pretty",
        POD_NAME: "linuxptp-daemon-a"
      })
      assert.deepStrictEqual(settings, {
        nodeName: "worker-1",
        podName: "linuxptp-daemon-a",
        namespace: "clocks",
        runDirectory: "/run/a",
        stateDirectory: "/run/b",
        sysfsRoot: "/run/c",
        metricsPort: 0,
        healthPort: 65_535,
        logLevel: "Debug",
        logFormat: "pretty"
      })
    }))

  it.effect("uses the host's name outside of a cluster, and an empty variable counts as missing", () =>
    Effect.gen(function*() {
      const { namespace, nodeName, podName } = yield* read(
        { NODE_NAME: "", POD_NAME: "", POD_NAMESPACE: "" },
        Option.some("laptop")
      )
      assert.deepStrictEqual([nodeName, podName, namespace], ["laptop", undefined, "ptp"])
    }))

  const mistakes: ReadonlyArray<{ readonly name: string; readonly env: Readonly<Record<string, string>> }> = [
    { name: "NODE_NAME", env: {} },
    { name: "NODE_NAME", env: { NODE_NAME: "Not A Node" } },
    { name: "NODE_NAME", env: { NODE_NAME: "a..b" } },
    { name: "NODE_NAME", env: { NODE_NAME: "a".repeat(254) } },
    { name: "POD_NAME", env: { NODE_NAME: "a", POD_NAME: "Not A Pod" } },
    { name: "POD_NAMESPACE", env: { NODE_NAME: "a", POD_NAMESPACE: "../kube-system" } },
    { name: "METRICS_PORT", env: { NODE_NAME: "a", METRICS_PORT: "70000" } },
    { name: "HEALTH_PORT", env: { NODE_NAME: "a", HEALTH_PORT: "x" } },
    { name: "LINUXPTP_RUN_DIR", env: { NODE_NAME: "a", LINUXPTP_RUN_DIR: "run" } },
    { name: "LOG_LEVEL", env: { NODE_NAME: "a", LOG_LEVEL: "loud" } },
    { name: "LOG_FORMAT", env: { NODE_NAME: "a", LOG_FORMAT: "xml" } }
  ]
  it.effect.each(mistakes)("names $name when it is missing or wrong", ({ env, name }) =>
    Effect.gen(function*() {
      assert.include((yield* Effect.flip(read(env))).message, name)
    }))

  it.effect("tells a setting that is wrong in one plain line", () =>
    Effect.gen(function*() {
      const told = (env: Readonly<Record<string, string>>) =>
        Effect.map(Effect.flip(read(env)), (error) => Settings.settingText(error))
      const [node, many] = [{ NODE_NAME: "worker-1" }, "expected a value between 0 and 65535"]
      assert.strictEqual(yield* told({ ...node, METRICS_PORT: "abc" }), "METRICS_PORT: expected an integer")
      assert.strictEqual(yield* told({ ...node, HEALTH_PORT: "80000" }), `HEALTH_PORT: ${many}`)
      assert.match(yield* told({ ...node, LOG_LEVEL: "loud" }), /^LOG_LEVEL: expected "debug" .*$/)
      assert.strictEqual(yield* told({}), "NODE_NAME: is missing")
      assert.strictEqual(
        yield* told({ ...node, POD_NAMESPACE: "My Namespace" }),
        "POD_NAMESPACE: must be the name of a Kubernetes namespace"
      )
    }))
})
