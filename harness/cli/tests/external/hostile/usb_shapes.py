"""Devices whose descriptors are hostile, or that are when they are asked for them, each to be found by its name."""

from usb_boards import IN, OUT, Board
from usb_cards import Bulk, Eem, class_descriptor
from usb_device import BULK, NEVER, configuration, descriptor, device, interface, text

ICCD = (0x0B, 0, 0)
BOTH = [(OUT, BULK, 64), (IN, BULK, 64)]
CLASS = class_descriptor(0x00020840)


class Shape(Bulk):
    """A card whose configuration is made of `parts`."""

    parts = ()

    def configuration(self):
        return configuration(*self.parts)


@device
class ShapeCutInItsInterface(Shape):
    """The configuration ends within the descriptor of the interface."""

    parts = (interface(ICCD, BOTH, CLASS)[:5],)


@device
class ShapeCutInItsClass(Shape):
    """It ends within the class descriptor."""

    parts = (interface(ICCD, BOTH, CLASS)[: 9 + 20],)


@device
class ShapeOneWay(Shape):
    """Both endpoints are for what the host sends."""

    parts = (interface(ICCD, [(0x01, BULK, 64), (0x03, BULK, 64)], CLASS),)


@device
class ShapeClassOf255Octets(Shape):
    """The class descriptor says a length of 255, the endpoints are within it."""

    parts = (interface(ICCD, BOTH, b"\xff" + CLASS[1:]),)


@device
class ShapeClassOf53Octets(Shape):
    """The class descriptor is an octet short; the host has to do without it."""

    parts = (interface(ICCD, BOTH, b"\x35" + CLASS[1:53]),)


@device
class ShapeClassOfNoLevel(Shape):
    """Fifty descriptors that mean nothing before that of the class, whose level is none of the class."""

    parts = (interface(ICCD, BOTH, descriptor(0x24) * 50 + class_descriptor(0x00070840)),)


@device
class ShapeStringsThatMoveTheCursor(Bulk):
    """Names with what a terminal takes for orders."""

    strings = {
        0: descriptor(3, b"\x09\x04"),
        1: text("\x1b]0;owned\x07"),
        2: text("\x1b[2J\x1b[31mcard\r\n\x9b1A"),
        3: text("1\n\x1b[1A'"),
    }


class Asked(Bulk):
    """As it should be for the kernel, and otherwise once it was asked for its languages again."""

    def string(self, index):
        # The kernel asks once, for the first string that it reads.
        if index == 0 and self.asked[0x80, 6] > 1:
            return self.later()
        return super().string(index)


@device
class ShapeStringsThatNeverCome(Asked):
    def later(self):
        return NEVER


@device
class ShapeUnpluggedWhenAsked(Asked):
    def later(self):
        self.unplug()


@device
class ShapeEemOneWay(Eem):
    """An EEM interface with an endpoint for what the host sends, and none for the other way."""

    endpoints = Bulk.endpoints
    others = interface((2, 12, 7), [(0x04, BULK, 64)], number=1)

    def work(self):
        return [self.exchange]


@device
class ShapeBoardWithoutEndpoints(Board):
    """A board by its numbers, whose interface has no endpoint."""

    endpoints = ()

    def work(self):
        return []
