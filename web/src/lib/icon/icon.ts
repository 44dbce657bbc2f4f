import type { Component } from 'svelte';

/** An icon of @lucide/svelte. */
export type Icon = Component<{ class?: string; 'aria-hidden'?: 'true' }>;
