/** Numbers in the sentences that analysis writes. */

/** Three digits, without zeros that say nothing. */
export const decimal = (value: number): string => String(Number(value.toPrecision(3)));

/** Bytes: `64 MiB`, `1.5 GiB`. */
export function binary(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  const power = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10));
  const value = bytes / 1024 ** power;
  return `${value >= 1000 ? Math.round(value) : decimal(value)} ${units[power]}`;
}

/** Bytes per second in decimal units, as rates of links: `12.5 MB/s`. */
export const megabytes = (bytesPerSecond: number): string => `${decimal(bytesPerSecond / 1e6)} MB/s`;
