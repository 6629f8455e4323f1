"""The parts of Python 3.6's `enum` that `ssl` needs, for Python 2.7.

IntEnum("Name", pairs, module=...) makes an enumeration.  The packages that
provide `enum` for 2.7 lack IntFlag, or are slow to import.
"""

from __future__ import absolute_import

from operator import and_, index, or_, xor


class EnumType(type):
    """The metaclass of enumerations: lookup, iteration, containment."""

    def __call__(cls, value, names=None, module=None, type=None):
        """Return the member with a value, or make a new enumeration.

        value: a member's value; with `names`, the enumeration's name (str).
        names: (name, value) pairs; a repeated value makes an alias.
        type: a second base class of the members, called with their values.
        Raises ValueError if no member has the value.
        """
        if names is None:
            return cls._look_up(value)
        data_type = type or cls._data_type_for(plain for _, plain in names)
        made = EnumType(value, (cls, data_type), {
            "__module__": module, "_data_type": data_type,
            "_members": [], "_by_name": {}, "_by_value": {}})
        for name, plain in names:
            made._add(name, plain)
        return made

    def _add(cls, name, plain):
        value = cls._data_type(plain)
        member = cls._by_value.get(value)
        if member is None:
            member = cls._new_member(name, plain, value)
            cls._members.append(member)
        cls._by_name[name] = member
        setattr(cls, name, member)

    def _new_member(cls, name, plain, value):
        member = cls._data_type.__new__(cls, plain)
        member.name = name
        member.value = value
        # another thread may have made the same combination of flags
        return cls._by_value.setdefault(value, member)

    def _look_up(cls, value):
        try:
            return cls._by_value[value]
        except (KeyError, TypeError):
            return cls._missing(value)

    def __getitem__(cls, name):
        return cls._by_name[name]

    def __iter__(cls):
        return iter(cls._members)

    def __reversed__(cls):
        return reversed(cls._members)

    def __len__(cls):
        return len(cls._members)

    def __nonzero__(cls):
        return True

    def __contains__(cls, member):
        return isinstance(member, cls) and member.name in cls._by_name

    def __repr__(cls):
        return "<enum %r>" % cls.__name__

    @property
    def __members__(cls):
        """{name: member} (OrderedDict) with aliases, in order of the values.
        """
        from collections import OrderedDict
        place = dict((m.name, n) for n, m in enumerate(cls._members))
        return OrderedDict(sorted(
            cls._by_name.items(), key=lambda item: (place[item[1].name],
                                                    item[0])))


class Enum(object):
    __metaclass__ = EnumType

    _data_type = object
    _members = _by_name = _by_value = ()

    @staticmethod
    def _data_type_for(values):
        return object

    @classmethod
    def _missing(cls, value):
        raise ValueError("%r is not a valid %s" % (value, cls.__name__))

    def __repr__(self):
        return "<%s.%s: %r>" % (type(self).__name__, self.name, self.value)

    def __str__(self):
        return "%s.%s" % (type(self).__name__, self.name)

    def __reduce_ex__(self, protocol):
        return type(self), (self.value,)


class IntEnum(Enum):
    """An enumeration whose members are ints.

    On 32-bit systems members are longs if a value needs more bits. Arithmetic
    gives plain numbers. str(), format() and json give the number, as programs
    for 2.7 expect and as in Python 3.11.
    """

    @staticmethod
    def _data_type_for(values):
        if any(isinstance(value, long) for value in values):
            return long
        return int

    def __repr__(self):
        return "<%s.%s: %d>" % (type(self).__name__, self.name, self.value)

    def __str__(self):
        return "%d" % self.value

    def __format__(self, spec):
        return format(self.value, spec)


def _keeping_the_class(operation):
    def operator(self, other):
        try:
            other = index(other)
        except TypeError:
            return NotImplemented
        return type(self)(operation(self.value, other))
    return operator


class IntFlag(IntEnum):
    """An enumeration of bits, with the operators |, &, ^ and ~.

    Every int is a valid value. The repr() of a value without a name shows the
    names of its bits, and unnamed bits as numbers, largest first. A value that
    is too large for the members' type stays a plain long.
    """

    __or__ = __ror__ = _keeping_the_class(or_)
    __and__ = __rand__ = _keeping_the_class(and_)
    __xor__ = __rxor__ = _keeping_the_class(xor)

    def __invert__(self):
        return type(self)(~self.value)

    def __contains__(self, other):
        return index(other) & self.value == other

    def __repr__(self):
        return "<%s.%s: %d>" % (type(self).__name__,
                                self.name or self._parts(), self.value)

    @classmethod
    def _missing(cls, value):
        try:
            value = index(value)
        except TypeError:
            return super(IntFlag, cls)._missing(value)
        if cls._data_type is int and isinstance(int(value), long):
            return value
        return cls._new_member(None, value, value)

    def _parts(self):
        parts = []
        unnamed = self.value
        for member in sorted(type(self), reverse=True):
            bits = member.value
            if bits & self.value == bits and bits & unnamed:
                parts.append(member.name)
                unnamed &= ~bits
        while unnamed > 0:
            bit = 1 << unnamed.bit_length() - 1
            parts.append(str(bit))
            unnamed ^= bit
        return "|".join(parts) or "0"
