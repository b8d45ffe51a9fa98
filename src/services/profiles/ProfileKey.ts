/**
 * A key for a profile among all objects: by the uid of its object, or by the object's name where only that is known.
 */
export const profileKey = (object: string, profile: string): string => JSON.stringify([object, profile])
