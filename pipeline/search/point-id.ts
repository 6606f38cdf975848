import { hash } from 'node:crypto'

/** Derives the id of a point from its text's key and the chunk's number: a UUID of version 8 (RFC 9562). */
export function pointId({ key }: { readonly key: string }, chunk: number): string {
  const hex = hash('sha256', `${key}/${chunk}`).slice(0, 32)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20)}`
}
