/** The kubectl commands that the demo suggests for another terminal in the project's folder. It only makes the text. */

/** The commands to try. The cluster has examples already, or it is `empty` and gets everything from `deploy/`. */
export const kubectlLines = (
  { empty, port, real = false }: { readonly empty: boolean; readonly port: number; readonly real?: boolean }
): string => {
  const server = `http://127.0.0.1:${port}`
  const lines = (empty ? emptyCluster : exampleCluster).filter(([, command]) => !real || !command.includes(quickStart))
  return [
    `The cluster answers on ${server}. In another terminal, in this folder:`,
    ...lines.flatMap(([why, command]) => [`  # ${why}`, `  kubectl -s ${server} ${command}`]),
    "Ctrl-C ends the demo."
  ].join("\n")
}

/**
 * A description and the command, without the server. They are separate lines, because not every shell accepts a comment
 * after a command.
 */
type Try = readonly [why: string, command: string]

/** Its NIC exists on a simulated node only, not on nodes in real namespaces. */
const quickStart = "deploy/nodeptpcfg_cr.yaml"

const exampleCluster: ReadonlyArray<Try> = [
  ["what people wrote, what the daemons answer, and what happened", "-n ptp get nodeptpcfgs,nodeptpdevs,events"],
  ["everything about one node", "-n ptp get nodeptpdev worker-1 -o yaml"],
  ["what its daemon and linuxptp say; add -f to follow", "-n ptp logs linuxptp-daemon-worker-1"],
  [
    "worker-1 is no worker any more, so no example is for it; worker= undoes that",
    "label node worker-1 node-role.kubernetes.io/worker-"
  ],
  [
    "priority 4 goes before the examples; delete -f brings them back",
    `apply -f ${quickStart}`
  ]
]

const emptyCluster: ReadonlyArray<Try> = [
  ["the daemons wait for namespace and CRDs", "apply -f deploy/00-ns.yaml -f deploy/01-crd.yaml"],
  ["every node publishes its NICs", "-n ptp get nodeptpdevs"],
  ["a profile for all workers", `apply -f ${quickStart}`],
  ["everything about one node", "-n ptp get nodeptpdev worker-1 -o yaml"],
  ["what its daemon and linuxptp say; add -f to follow", "-n ptp logs linuxptp-daemon-worker-1"],
  ["linuxptp stops everywhere", `delete -f ${quickStart}`]
]
