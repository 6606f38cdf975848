import { toyKind } from './toy-kind.ts'

export default [toyKind]
