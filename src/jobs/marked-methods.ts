import { Injectable } from '@nestjs/common';
import { DiscoveryService, MetadataScanner, Reflector } from '@nestjs/core';

type Method = (...given: unknown[]) => unknown;

export interface MarkedMethod<Mark> {
  /** `Class.method` */
  readonly name: string;
  /** What the decorator was given. */
  readonly mark: Mark;
  readonly run: (...given: unknown[]) => Promise<unknown>;
}

/** Finds the methods of providers that a decorator has marked. */
@Injectable()
export class MarkedMethods {
  constructor(
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
    private readonly reflector: Reflector,
  ) {}

  /** @param key under which the decorator keeps its mark */
  of<Mark>(key: string): readonly MarkedMethod<Mark>[] {
    return this.discovery.getProviders().flatMap(({ instance, metatype }) => {
      if (typeof instance !== 'object' || instance === null || !metatype) return [];
      const prototype = Object.getPrototypeOf(instance) as object | null;
      if (!prototype) return [];
      return this.scanner.getAllMethodNames(prototype).flatMap((name) => {
        const method = (instance as Record<string, Method | undefined>)[name];
        const mark = method && this.reflector.get<Mark | undefined>(key, method);
        if (!method || mark === undefined) return [];
        return {
          name: `${metatype.name}.${name}`,
          mark,
          run: (...given: unknown[]) => Promise.resolve(method.apply(instance, given)),
        };
      });
    });
  }
}
