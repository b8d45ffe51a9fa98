/** Names a profile across all objects: by its object's uid, or by the object's name where that is what is known. */
export const profileKey = (object: string, profile: string): string => JSON.stringify([object, profile])
