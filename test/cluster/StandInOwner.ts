/**
 * A program that owns a control plane and is killed by a test: it prints the directory as one line and then waits. Its
 * arguments are the paths of the programs.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { Effect } from "effect"
import * as ControlPlane from "./ControlPlane.ts"

const [etcd = "", kubeApiserver = "", kubectl = ""] = process.argv.slice(2)

ControlPlane.ControlPlane.use(({ directory }) => Effect.sync(() => void process.stdout.write(`${directory}\n`))).pipe(
  Effect.andThen(Effect.never),
  Effect.provide(ControlPlane.layer({ etcd, kubeApiserver, kubectl })),
  NodeRuntime.runMain
)
