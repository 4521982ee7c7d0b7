// Metrics that are read when somebody asks, from numbers that others keep.

import type { Registry } from 'prom-client';
import type { PromClient } from './prom-client.ts';

type Labels = Readonly<Record<string, string>>;
/** Adds one sample. */
export type Sample = (labels: Labels, value: number) => void;
export type Describe = (
  name: string,
  help: string,
  labelNames: string[],
  collect: (add: Sample) => void,
) => void;

export function counterIn(prom: PromClient, registry: Registry): Describe {
  return (name, help, labelNames, read) => {
    new prom.Counter({
      name,
      help,
      labelNames,
      registers: [registry],
      collect() {
        this.reset();
        read((labels, value) => this.inc(labels, value));
      },
    });
  };
}

export function gaugeIn(prom: PromClient, registry: Registry): Describe {
  return (name, help, labelNames, read) => {
    new prom.Gauge({
      name,
      help,
      labelNames,
      registers: [registry],
      collect() {
        this.reset();
        read((labels, value) => this.set(labels, value));
      },
    });
  };
}
