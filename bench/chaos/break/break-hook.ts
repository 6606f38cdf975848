import { registerHooks } from 'node:module'
import { type Break, BREAKS, broken } from './breaks.ts'

/** Applies the changes of a break when Node loads the files. Usage: `node --import <this file>?<name of the break>`. */
const name = new URL(import.meta.url).search.slice(1)
const found = Object.entries<Break>(BREAKS).find(([one]) => one === name)?.[1]
if (found === undefined) throw new Error(`unknown break "${name}"`)
const changesOf = (url: string) => found.changes.filter(({ file }) => new URL(`../../../${file}`, import.meta.url).href === url)

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context)
    const changes = changesOf(url)
    if (changes.length === 0 || loaded.source === undefined) return loaded
    const source = typeof loaded.source === 'string' ? loaded.source : new TextDecoder().decode(loaded.source)
    return { ...loaded, source: changes.reduce(broken, source) }
  },
})
