/** Every mistake of this folder. */
import { clockMutants } from "./ClockMutants.ts"
import { kubernetesMutants } from "./KubernetesMutants.ts"
import { linuxptpMutants } from "./LinuxptpMutants.ts"
import type { Mutant } from "./Mutant.ts"
import { processMutants } from "./ProcessMutants.ts"
import { profileMutants } from "./ProfileMutants.ts"
import { statusMutants } from "./StatusMutants.ts"

export const allMutants: ReadonlyArray<Mutant> = [
  ...processMutants,
  ...profileMutants,
  ...kubernetesMutants,
  ...linuxptpMutants,
  ...clockMutants,
  ...statusMutants
]
