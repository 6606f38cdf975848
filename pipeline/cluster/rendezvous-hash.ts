/**
 * The owner of a share: the member whose hash with it is highest (rendezvous or highest-random-weight hashing, Thaler and Ravishankar
 * 1998). All members compute the same owner without a message, and a member that joins or leaves moves only its own shares.
 */
export function ownerOf(members: readonly string[], share: string): string | undefined {
  let owner: string | undefined
  let highest = -1
  for (const member of members) {
    const weight = hash(`${member}/${share}`)
    if (weight > highest || (weight === highest && owner !== undefined && member < owner)) {
      owner = member
      highest = weight
    }
  }
  return owner
}

/** FNV-1a, then the finalizer of MurmurHash3: FNV's high bits hardly depend on the last characters. */
function hash(text: string): number {
  let value = 0x811c9dc5
  for (let index = 0; index < text.length; index += 1) value = Math.imul(value ^ text.charCodeAt(index), 0x01000193)
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b)
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35)
  return (value ^ (value >>> 16)) >>> 0
}
