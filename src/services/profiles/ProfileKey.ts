/**
 * A key for a profile among all objects: by the uid of its object, or by the object's name where only that is known.
 * Neither contains a line feed, nor does the name of a profile (NodePTPCfg.ts).
 */
export const profileKey = (object: string, profile: string): string => `${object}\n${profile}`
