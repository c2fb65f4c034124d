import { nameAddrTransforms, paramTransforms, uriTransforms, viaTransforms } from './address-transforms.ts';
import { csvTransforms, ipTransforms, reTransforms, sdpTransforms } from './other-transforms.ts';
import { stringTransforms } from './string-transforms.ts';
import type { TransformSpec } from './transform.ts';

/** Every transformation by its name, in lower case. */
export const transformations: ReadonlyMap<string, TransformSpec> = new Map(
  [
    stringTransforms,
    uriTransforms,
    viaTransforms,
    paramTransforms,
    nameAddrTransforms,
    ipTransforms,
    csvTransforms,
    sdpTransforms,
    reTransforms,
  ].flatMap((table) => Object.entries(table)),
);
