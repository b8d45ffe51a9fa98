/**
 * The version of the installed linuxptp, as `ptp4l -v` prints it. It decides which options exist and how they are
 * spelt. `layers/linuxptp` runs the program.
 */

export interface LinuxptpVersion {
  readonly major: number
  readonly minor: number
  readonly patch: number
}

const versionText = /^\s{0,8}v?(\d{1,4})\.(\d{1,4})(?:\.(\d{1,4}))?(?:[-+~][\w.+~-]{0,80})?\s{0,8}$/

/**
 * Reads `3.1.1`, `4.4`, `v4.2-rc1` or `4.4-00012-gabcdef`. A development build counts as the release before it, so that
 * no option is passed to a program that may not have it. `undefined`: the text is not a version.
 */
export const parseLinuxptpVersion = (text: string): LinuxptpVersion | undefined => {
  const match = versionText.exec(text)
  if (match === null) return undefined
  const [, major, minor, patch = "0"] = match
  return { major: Number(major), minor: Number(minor), patch: Number(patch) }
}

/** Writes a version as linuxptp does: `3.1.1`, but `4.4` if there is no patch level. */
export const formatLinuxptpVersion = (version: LinuxptpVersion): string =>
  version.patch === 0
    ? `${version.major}.${version.minor}`
    : `${version.major}.${version.minor}.${version.patch}`

/** Whether `version` is `major.minor` or later. */
export const isAtLeast = (version: LinuxptpVersion, major: number, minor: number): boolean =>
  version.major > major || (version.major === major && version.minor >= minor)
