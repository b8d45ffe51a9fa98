/**
 * What a real kube-apiserver requires of an Event, and that the daemon's events fulfil it. The embedded server accepts
 * any Event.
 */
import { assert, describe } from "@effect/vitest"
import { Effect } from "effect"
import { listAt, textAt } from "../../src/layers/simulated/apiserver/JsonTree.ts"
import { call } from "../contract/ApiClient.ts"
import type { ContractTests } from "../contract/ApiServerUnderTest.ts"
import { workspace } from "../contract/Workspace.ts"

export const eventRules = (it: ContractTests) =>
  describe("events", () => {
    it.effect("are refused without what an Event must have, or with too much", () =>
      Effect.gen(function*() {
        const { namespace } = yield* workspace
        const good = {
          apiVersion: "events.k8s.io/v1",
          kind: "Event",
          metadata: { name: "n.1" },
          eventTime: "2026-01-01T00:00:00.000000Z",
          reportingController: "example.com/linuxptp-daemon",
          reportingInstance: "n",
          action: "ClockLocked",
          reason: "ClockLocked",
          note: "locked",
          regarding: { kind: "NodePTPDev", name: "n", namespace },
          type: "Normal"
        }
        const wrong = [
          ["reportingController", ""],
          ["reportingController", "not a name"],
          ["reportingInstance", ""],
          ["reportingInstance", "x".repeat(129)],
          ["action", ""],
          ["reason", ""],
          ["type", "Strange"],
          ["note", "x".repeat(1025)],
          ["eventTime", null]
        ] as const
        const path = `/apis/events.k8s.io/v1/namespaces/${namespace}/events`
        for (const [field, value] of wrong) {
          const answer = yield* call("POST", path, { ...good, [field]: value })
          const fields = listAt(answer.body, "details", "causes").map((cause) => textAt(cause, "field"))
          // As of 1.37, a note is still told by its name in the core group.
          const told = field === "note" ? "message" : field
          assert.deepStrictEqual([field, answer.status, [...new Set(fields)]], [field, 422, [told]])
        }
        assert.strictEqual((yield* call("POST", path, good)).status, 201)
      }))
  })
