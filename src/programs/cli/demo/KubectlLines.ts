/** What a user of the demo can type in another terminal, in the folder of this project. Text only; nothing runs it. */

/** The lines to try: the cluster has examples already, or is `empty` and gets everything from `deploy/`. */
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

/** What a command shows, and the command without the server. Apart, because not every shell takes a comment behind. */
type Try = readonly [why: string, command: string]

/** Its NIC is one of a simulated node; nodes of real namespaces do not have it. */
const quickStart = "deploy/nodeptpcfg_cr.yaml"

const exampleCluster: ReadonlyArray<Try> = [
  ["what people wrote, what the daemons answer, and what happened", "-n ptp get nodeptpcfgs,nodeptpdevs,events"],
  ["everything about one node", "-n ptp get nodeptpdev worker-1 -o yaml"],
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
  ["linuxptp stops everywhere", `delete -f ${quickStart}`]
]
