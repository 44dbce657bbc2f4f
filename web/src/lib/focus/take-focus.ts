/**
 * For the field or button that a page or dialog begins with. A dialog opens after its content is made, and looks for
 * the mark then.
 */
export const takeFocus = (element: HTMLElement): void => {
  element.dataset['focus'] = '';
  element.focus();
};
